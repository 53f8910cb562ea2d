//! What can be typed, and what is refused.

use super::*;
use clap::CommandFactory;
use clap::error::ErrorKind;

/// The verb that these words make.
fn verb(words: &str) -> (Options, Command) {
    let cli = Cli::try_parse_from(split(words)).unwrap_or_else(|error| panic!("{words}: {error}"));
    cli.verb().unwrap_or_else(|failure| panic!("{words}: {failure}"))
}

fn split(words: &str) -> Vec<&str> {
    std::iter::once("orderflow").chain(words.split_whitespace()).collect()
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn a_bare_orderflow_is_up() {
    let addresses = |text: &str| Some(text.parse().unwrap());
    let cases: [(&str, &[&str], bool, Option<SocketAddr>); 7] = [
        ("", &[], false, None),
        ("up", &[], false, None),
        ("--ephemeral", &[], true, None),
        ("up --ephemeral --public 9000", &[], true, addresses("127.0.0.1:9000")),
        ("--ephemeral up a.yaml b.yaml", &["a.yaml", "b.yaml"], true, None),
        ("--public :1 up a.yaml", &["a.yaml"], false, addresses("127.0.0.1:1")),
        ("--public 1 up --public 2", &[], false, addresses("127.0.0.1:2")),
    ];
    for (words, templates, ephemeral, public) in cases {
        let (_, Command::Up(up)) = verb(words) else { panic!("{words} is another verb") };
        let given: Vec<PathBuf> = templates.iter().map(PathBuf::from).collect();
        assert_eq!((up.templates, up.options.ephemeral, up.options.public), (given, ephemeral, public), "{words}");
    }
}

#[test]
fn values_for_parameters_are_collected() {
    let given = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Param>>();
    let cases: [(&str, &[&str]); 3] = [
        ("--param A=1", &["A=1"]),
        ("up a.yaml --param A=1 --param b.B=x=y", &["A=1", "b.B=x=y"]),
        ("--param A=1 up a.yaml --param B=2", &["A=1", "B=2"]),
    ];
    for (words, params) in cases {
        let (_, Command::Up(up)) = verb(words) else { panic!("{words} is another verb") };
        assert_eq!(up.options.params, given(params), "{words}");
    }
    let (_, Command::Check(check)) = verb("check a.yaml --param A=1") else { panic!("another verb") };
    assert_eq!(check.params, given(&["A=1"]));
    let cli = Cli::try_parse_from(split("--param A=1 check a.yaml")).unwrap();
    assert!(cli.verb().unwrap_err().hint.unwrap().contains("orderflow check TEMPLATE --param"));
    assert!(Cli::try_parse_from(split("up --param A")).is_err());
}

#[test]
fn options_of_every_verb_stand_before_it_or_behind() {
    for words in ["--json --admin 9 --data-dir d explain X", "explain X --json --admin localhost:9 --data-dir d"] {
        let (options, _) = verb(words);
        assert!(options.json, "{words}");
        assert_eq!(options.admin, Some("127.0.0.1:9".parse().unwrap()), "{words}");
        let config = options.configured().unwrap();
        assert_eq!((config.admin.port(), config.data_dir), (9, PathBuf::from("d")), "{words}");
    }
}

#[test]
fn checks_take_templates_and_samples_in_any_order() {
    let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
    let cases: [(&str, &[&str], &[&str], bool); 3] = [
        ("check", &[], &[], false),
        ("check a.yaml b.json --info", &["a.yaml", "b.json"], &[], true),
        ("check --sample P=x.json a.yaml --sample -", &["a.yaml"], &["P=x.json", "-"], false),
    ];
    for (words, templates, samples, info) in cases {
        let (_, Command::Check(check)) = verb(words) else { panic!("{words} is another verb") };
        assert_eq!((check.templates, check.info), (paths(templates), info), "{words}");
        assert_eq!(check.samples, samples, "{words}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let cases = [
        ("explain", ErrorKind::MissingRequiredArgument),
        ("explian X", ErrorKind::InvalidSubcommand),
        ("explain X --folow", ErrorKind::UnknownArgument),
        ("explain X --public 9", ErrorKind::UnknownArgument),
        ("--ephemeral --data-dir d", ErrorKind::ArgumentConflict),
        ("logs --follow", ErrorKind::MissingRequiredArgument),
        ("logs G --since 10", ErrorKind::ValueValidation),
        ("logs G --limit 0", ErrorKind::ValueValidation),
        ("match --event {}", ErrorKind::MissingRequiredArgument),
        ("check --sample", ErrorKind::InvalidValue),
        ("check --for azure", ErrorKind::InvalidValue),
        ("check a.yaml --samples b", ErrorKind::UnknownArgument),
        ("trigger --rate 0", ErrorKind::ValueValidation),
        ("top --every 0", ErrorKind::ValueValidation),
        ("top --every never", ErrorKind::ValueValidation),
        ("trigger --count many", ErrorKind::ValueValidation),
        ("dlq", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
        ("dlq redrive Q --rate 0", ErrorKind::ValueValidation),
        ("dlq show Q five", ErrorKind::ValueValidation),
        ("--admin nowhere", ErrorKind::ValueValidation),
    ];
    for (words, kind) in cases {
        let error = Cli::try_parse_from(split(words)).map(|cli| format!("{cli:?}")).unwrap_err();
        assert_eq!(error.kind(), kind, "{words}");
        assert_eq!(error.exit_code(), i32::from(USAGE), "{words}");
    }
    let failure = Cli::try_parse_from(split("--ephemeral doctor")).unwrap().verb().unwrap_err();
    assert_eq!((failure.code, failure.error.as_str()), (USAGE, "--ephemeral goes with `orderflow up` only"));
}

#[test]
fn every_verb_has_help_that_fits_a_screen() {
    let mut command = Cli::command();
    command.build();
    let mut pending: Vec<clap::Command> = command.get_subcommands().cloned().collect();
    while let Some(mut verb) = pending.pop() {
        if verb.get_name() == "help" {
            continue;
        }
        pending.extend(verb.get_subcommands().cloned());
        let help = verb.render_long_help().to_string();
        assert!(help.lines().count() <= 80, "{}:\n{help}", verb.get_name());
        assert!(help.contains(" --json") && verb.get_about().is_some(), "{}:\n{help}", verb.get_name());
    }
}

#[test]
fn spans_are_added_up() {
    let cases = [
        ("30s", Some(30)),
        ("10m", Some(600)),
        ("1h30m", Some(5400)),
        ("2d", Some(172_800)),
        ("0s", Some(0)),
        ("", None),
        ("10", None),
        ("m", None),
        ("10x", None),
        ("-5m", None),
        ("99999999999999999999d", None),
        ("9999999999999999d", None),
    ];
    for (text, seconds) in cases {
        assert_eq!(span(text).ok(), seconds.map(Duration::from_secs), "{text}");
    }
}

#[test]
fn addresses_may_be_only_a_port() {
    let cases = [
        ("127.0.0.1:4566", Some("127.0.0.1:4566")),
        ("localhost:1", Some("127.0.0.1:1")),
        (":1", Some("127.0.0.1:1")),
        ("0", Some("127.0.0.1:0")),
        ("[::1]:2", Some("[::1]:2")),
        ("example.com:1", None),
        ("65536", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(address(text).ok(), expected.map(|text| text.parse().unwrap()), "{text}");
    }
}

#[test]
fn rates_are_above_zero() {
    for (text, fits) in [("5", true), ("0.5", true), ("0", false), ("-1", false), ("NaN", false), ("inf", false)] {
        assert_eq!(load::rate(text).is_ok(), fits, "{text}");
    }
}

#[test]
fn the_next_verb_is_told_what_this_one_was() {
    let cases: [(&[&str], &str); 4] = [
        (&[], ""),
        (&["--admin", "4599"], " --admin 4599"),
        (&["--admin", "10.0.0.1:4599", "--data-dir", "d"], " --admin 10.0.0.1:4599 --data-dir d"),
        (&["--data-dir", "it's here", "--config", "o.toml"], " --data-dir 'it'\\''s here' --config o.toml"),
    ];
    for (arguments, expected) in cases {
        let cli = Cli::try_parse_from([&["orderflow", "doctor"], arguments].concat()).unwrap();
        assert_eq!(cli.options.again(), expected, "{arguments:?}");
    }
}
