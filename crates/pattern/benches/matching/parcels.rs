//! Decides what the events are: land parcels in GeoJSON, in the manner of San Francisco's city lots, which others
//! measure with too. The same ones in every run.
//!
//! Where our language and quamina's differ, the parcels and the rules are such that both must say the same:
//! - A number that no double holds exactly is comparable for quamina and not for us. The coordinates of the parcels
//!   east of [`EXACT_BELOW`] are such numbers; rules ask about `x` only west of it.
//! - Quamina stops reading when it has found every field that it needs, so of a repeated key it sees the first value,
//!   and we see both. No key is repeated.
//! - A literal that reads as an IP address, a path with dots in one key, `$or`, and any bytes that are no JSON behind
//!   what is needed are read differently. None of these occurs.

use std::fmt::Write as _;

pub(crate) const PARCELS: usize = 20_000;

/// West of this longitude all coordinates are numbers that a double holds exactly.
pub(crate) const EXACT_BELOW: f64 = -122.41;

/// Most parcels are in few long streets, as in any city.
const STREETS: [(&str, &str); 40] = [
    ("MISSION", "ST"),
    ("FULTON", "ST"),
    ("HYDE", "ST"),
    ("CHESTNUT", "ST"),
    ("JEFFERSON", "ST"),
    ("BEACH", "ST"),
    ("MASON", "ST"),
    ("ACTON", "ST"),
    ("DRUMM", "ST"),
    ("BLAKE", "ST"),
    ("ZOO", "RD"),
    ("JACKSON", "ST"),
    ("WASHINGTON", "ST"),
    ("CLAY", "ST"),
    ("CALIFORNIA", "ST"),
    ("GEARY", "BLVD"),
    ("TARAVAL", "ST"),
    ("SANCHEZ", "ST"),
    ("VALENCIA", "ST"),
    ("GUERRERO", "ST"),
    ("19TH", "AVE"),
    ("24TH", "ST"),
    ("HARRISON", "ST"),
    ("LAKE", "ST"),
    ("BALBOA", "ST"),
    ("CABRILLO", "ST"),
    ("ANZA", "ST"),
    ("STERLING", "WAY"),
    ("IRVING", "ST"),
    ("DIAMOND HEIGHTS", "BLVD"),
    ("BLUXOME", "ST"),
    ("FUNSTON", "AVE"),
    ("RHODE ISLAND", "ST"),
    ("RHINE", "ST"),
    ("MUNICH", "ST"),
    ("MOSCOW", "ST"),
    ("SAN BRUNO", "AVE"),
    ("SAN JOSE", "AVE"),
    ("O'FARRELL", "ST"),
    ("VALLEJO", "ST"),
];

/// One parcel: what rules are made of, and the event.
pub(crate) struct Parcel {
    pub(crate) number: String,
    /// The corners, as written.
    pub(crate) corners: Vec<[String; 2]>,
    pub(crate) is_polygon: bool,
    pub(crate) json: Vec<u8>,
}

/// All parcels, in the order of their blocks.
pub(crate) fn parcels() -> Vec<Parcel> {
    let mut random = Random(0x5eed_0001_c171_1075);
    let mut parcels = Vec::with_capacity(PARCELS);
    let mut block = 1;
    while parcels.len() < PARCELS {
        let lots = if random.below(64) == 0 { 200 + random.below(60) } else { 1 + random.below(5) };
        for lot in 1..=lots {
            let vacated = match parcels.len() {
                777 => Some("VACSTWIL"),
                7_777 => Some("VACSTHIL"),
                13_131 => Some("VACSTMUL"),
                _ => None,
            };
            let number = vacated.map_or_else(|| format!("{block:04}{lot:03}"), str::to_owned);
            parcels.push(parcel(&mut random, number));
        }
        block += 1 + random.below(5);
    }
    parcels.truncate(PARCELS);
    parcels
}

fn parcel(random: &mut Random, number: String) -> Parcel {
    let mut json = String::with_capacity(1_100);
    let (block, lot) = number.split_at(4);
    write!(
        json,
        r#"{{"type":"Feature","properties":{{"MAPBLKLOT":"{number}","BLKLOT":"{number}","BLOCK_NUM":"{block}","LOT_NUM":"{lot}""#
    )
    .expect(STRING);
    // More than half of all parcels have no address.
    if random.below(100) < 55 {
        json.push_str(r#","FROM_ST":"0","TO_ST":"0","STREET":"UNKNOWN","ST_TYPE":null,"ODD_EVEN":"E"}"#);
    } else {
        let (street, kind) = STREETS[random.below(40).min(random.below(40))];
        let from = 1 + random.below(4_000);
        let side = if from.is_multiple_of(2) { "E" } else { "O" };
        write!(
            json,
            r#","FROM_ST":"{from}","TO_ST":"{}","STREET":"{street}","ST_TYPE":"{kind}","ODD_EVEN":"{side}"}}"#,
            from + 2 * random.below(3)
        )
        .expect(STRING);
    }
    let shape = random.below(100);
    let is_polygon = shape < 94;
    let mut corners = Vec::new();
    if shape >= 98 {
        json.push_str(r#","geometry":null}"#);
    } else {
        corners = corners_of(random);
        write_geometry(&mut json, &corners, is_polygon);
    }
    Parcel { number, corners, is_polygon, json: json.into_bytes() }
}

/// Events of one field with digits in no order.
pub(crate) fn texts(count: usize, length: usize) -> Vec<Vec<u8>> {
    let mut random = Random(0x7e27_0002);
    let digit = |random: &mut Random| char::from(b'0' + u8::try_from(random.below(10)).expect("one digit"));
    let mut text = || (0..length).map(|_| digit(&mut random)).collect::<String>();
    (0..count).map(|_| format!(r#"{{"text":"{}"}}"#, text()).into_bytes()).collect()
}

fn corners_of(random: &mut Random) -> Vec<[String; 2]> {
    let west = -122.515 + 0.15 * random.fraction();
    let south = 37.708 + 0.12 * random.fraction();
    let corner = |random: &mut Random| {
        let (x, y) = (west + 0.000_8 * random.fraction(), south + 0.000_8 * random.fraction());
        // Fifteen decimals are more digits than a double of this size has.
        let x = if west < EXACT_BELOW - 0.001 { x.to_string() } else { format!("{x:.15}") };
        [x, y.to_string()]
    };
    let mut corners: Vec<_> = (0..8 + random.below(6)).map(|_| corner(random)).collect();
    // A line that encloses something ends where it began.
    corners.push(corners[0].clone());
    corners
}

fn write_geometry(json: &mut String, corners: &[[String; 2]], is_polygon: bool) {
    let points = |json: &mut String, corners: &[[String; 2]]| {
        json.push('[');
        for (at, [x, y]) in corners.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(json, r#"{comma}{{"x":{x},"y":{y},"z":0.0}}"#).expect(STRING);
        }
        json.push(']');
    };
    json.push_str(r#","geometry":{"type":""#);
    json.push_str(if is_polygon { "Polygon" } else { "MultiPolygon" });
    json.push_str(r#"","coordinates":"#);
    if is_polygon {
        points(json, corners);
    } else {
        let (one, other) = corners.split_at(corners.len() / 2);
        json.push('[');
        points(json, one);
        json.push(',');
        points(json, other);
        json.push(']');
    }
    let [x, y] = &corners[0];
    write!(json, r#","firstCoordinates":{{"x":{x},"y":{y},"z":0.0}}}}}}"#).expect(STRING);
}

const STRING: &str = "a string takes whatever is written";

/// A generator whose numbers are the same everywhere (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("a small number")
    }

    /// From 0 to 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
