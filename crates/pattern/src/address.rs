//! Decides what is an IP address and which addresses are in a network.
//!
//! Addresses are compared as numbers of their own version: an IPv4 address never equals an IPv6 one, not even a mapped
//! one. (AWS compares hexadecimal texts, so that there `0.0.0.0/0` also holds for `::1`; here it does not.)

/// An address literal, read leniently as AWS reads it: octets and groups may have leading zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    V4(u32),
    V6(u128),
}

/// Longer texts are names to AWS, not addresses.
const V4_LENGTH_MAX: usize = 15;

impl Address {
    pub(crate) fn parse(text: &str) -> Option<Address> {
        if looks_v4(text) {
            parse_v4(text)
        } else if looks_v6(text) {
            parse_v6(text)
        } else {
            None
        }
    }

    /// Whether it has an address's characters, though perhaps not its values (`999.0.0.1`).
    pub(crate) fn looks_like_one(text: &str) -> bool {
        looks_v4(text) || looks_v6(text)
    }
}

fn looks_v4(text: &str) -> bool {
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split('.').count() == 4 && text.split('.').all(all_digits)
}

fn looks_v6(text: &str) -> bool {
    text.contains(':') && text.bytes().all(|byte| byte == b':' || byte.is_ascii_hexdigit())
}

fn parse_v4(text: &str) -> Option<Address> {
    if text.len() > V4_LENGTH_MAX {
        return None;
    }
    let mut value = 0;
    for part in text.split('.') {
        value = value << 8 | u32::from(part.parse::<u8>().ok()?);
    }
    Some(Address::V4(value))
}

/// Eight groups, or fewer with one `::` for the zeros left out.
fn parse_v6(text: &str) -> Option<Address> {
    let groups = |text: &str| -> Option<(u128, u32)> {
        if text.is_empty() {
            return Some((0, 0));
        }
        let mut value = 0;
        let mut count = 0;
        for group in text.split(':') {
            let digits = group.trim_start_matches('0');
            if group.is_empty() || digits.len() > 4 {
                return None;
            }
            let group = if digits.is_empty() { 0 } else { u128::from_str_radix(digits, 16).ok()? };
            count += 1;
            if count > 8 {
                return None;
            }
            value = value << 16 | group;
        }
        Some((value, count))
    };
    match text.split_once("::") {
        None => {
            let (value, count) = groups(text)?;
            (count == 8).then_some(Address::V6(value))
        }
        Some((high, low)) => {
            let (high, high_count) = groups(high)?;
            let (low, low_count) = groups(low)?;
            if high_count + low_count > 7 {
                return None;
            }
            let high = if high_count == 0 { 0 } else { high << (16 * (8 - high_count)) };
            Some(Address::V6(high | low))
        }
    }
}

/// `10.0.0.0/8`: all addresses that share the first bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    first: Address,
    bits: u32,
}

impl Network {
    /// The error is the reason in AWS's words. A mask that covers the whole address is refused, as AWS does.
    pub(crate) fn parse(text: &str) -> Result<Network, String> {
        // AWS splits at slashes and forgets empty parts at the end.
        let mut parts: Vec<&str> = text.split('/').collect();
        while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
        let [address, mask] = parts[..] else {
            return Err("Malformed CIDR, one '/' required".into());
        };
        let Ok(mask) = mask.parse::<i32>() else {
            return Err("Malformed CIDR, mask bits must be an integer".into());
        };
        let Ok(bits) = u32::try_from(mask) else {
            return Err("Malformed CIDR, mask bits must not be negative".into());
        };
        match Address::parse(address) {
            Some(Address::V4(_)) if bits > 31 => Err("IPv4 mask bits must be < 32".into()),
            Some(Address::V6(_)) if bits > 127 => Err("IPv6 mask bits must be < 128".into()),
            Some(first) => Ok(Network { first, bits }),
            None if Address::looks_like_one(address) => Err(format!("Invalid IP address: {address}")),
            None => Err(format!("Nonstandard IP address: {address}")),
        }
    }

    pub(crate) fn contains(&self, address: Address) -> bool {
        // The shifts cannot overflow: `parse` keeps the bits below the address's width, and no bits means no shift.
        match (self.first, address) {
            (Address::V4(first), Address::V4(address)) => self.bits == 0 || (first ^ address) >> (32 - self.bits) == 0,
            (Address::V6(first), Address::V6(address)) => self.bits == 0 || (first ^ address) >> (128 - self.bits) == 0,
            (Address::V4(_), Address::V6(_)) | (Address::V6(_), Address::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    #[test]
    fn addresses_are_read_leniently() {
        let cases = [
            ("10.0.0.1", Some(Address::V4(0x0A00_0001))),
            ("010.0.0.1", Some(Address::V4(0x0A00_0001))),
            ("0000010.0.0.1", Some(Address::V4(0x0A00_0001))),
            ("000000010.0.0.01", None),
            ("999.0.0.1", None),
            ("1.2.3", None),
            ("1.2.3.4.5", None),
            ("1.2.3.", None),
            ("::1", Some(Address::V6(1))),
            ("0:0:0:0:0:0:0:1", Some(Address::V6(1))),
            ("::00001", Some(Address::V6(1))),
            ("::", Some(Address::V6(0))),
            ("1::", Some(Address::V6(1 << 112))),
            ("1:2:3:4:5:6:7::", Some(Address::V6(0x0001_0002_0003_0004_0005_0006_0007_0000))),
            ("1:2:3:4:5:6:7:8::", None),
            ("1:2:3:4:5:6:7:8:9", None),
            ("1:2", None),
            (":", None),
            (":1", None),
            (":::", None),
            ("1::2::3", None),
            ("12345::", None),
            ("::ffff:10.0.0.1", None),
            ("fe80::1%eth0", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Address::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn canonical_ipv6_texts_read_as_the_standard_library_reads_them() {
        for text in ["2001:db8::1", "fe80::1:2", "1:2:3:4:5:6:7:8", "::ffff:a00:1", "a:b::c"] {
            let expected: Ipv6Addr = text.parse().unwrap();
            assert_eq!(Address::parse(text), Some(Address::V6(expected.to_bits())), "{text}");
        }
    }
}
