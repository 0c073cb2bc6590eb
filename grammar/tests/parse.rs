//! What parses, what does not, and what is said about it.

mod common;

use circ_grammar::ast::{ExprKind, FileId};
use circ_grammar::{dump, dump_expr, parse, parse_expr};
use common::{PROGRAMS, report};

#[track_caller]
fn parses(text: &str) -> String {
    let parsed = parse(FileId(0), text);
    assert!(parsed.errors.is_empty(), "{}\n{text}", report(text));
    dump(&parsed.file)
}

#[track_caller]
fn value(text: &str) -> String {
    let (file, value, errors) = parse_expr(FileId(0), text);
    match value {
        Some(value) => dump_expr(&file, value),
        None => format!("{errors:?}"),
    }
}

#[test]
fn every_construct_parses() {
    for program in PROGRAMS {
        parses(program);
    }
}

#[test]
fn the_tree_of_every_construct_is_as_it_was() {
    for (name, program) in
        ["cuba", "cells", "rules", "circuits", "experiments", "oddities"].iter().zip(PROGRAMS)
    {
        insta::assert_snapshot!(format!("tree_{name}"), parses(program));
    }
}

#[test]
fn operators_bind_as_in_mathematics() {
    let cases = [
        ("-a ^ 2", "(-(a ^ 2))"),
        ("a ^ -b ^ c", "(a ^ (-(b ^ c)))"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b * c", "((a / b) * c)"),
        ("not a == b and c or d", "(((not (a == b)) and c) or d)"),
        ("1 / 1.5 s", "(1 / 1.5 s)"),
        ("a in 0 .. b + 1 and c", "((a in 0 .. (b + 1)) and c)"),
        ("pre in E[0..400]", "(pre in E[0 .. 400])"),
        ("x.v' * 2", "(x.v' * 2)"),
        ("(a, b)", "(a, b)"),
        ("((a))", "a"),
        ("f(each E over 1 s .. 2 s, every = 3 ms)", "f(each E over 1 s .. 2 s, every = 3 ms)"),
        ("cell.v + run.weight(seed)", "(cell.v + run.weight(seed))"),
        ("if a then b else if c then d else e", "(if a then b else (if c then d else e))"),
        ("\"a\\\"b\\n\"", "\"a\\\"b\\n\""),
    ];
    for (text, tree) in cases {
        assert_eq!(value(text), tree, "{text}");
    }
}

#[test]
fn a_unit_is_the_longest_text_of_unit_names() {
    let cases = [
        ("10 mV/tau", "(10 mV / tau)"),
        ("60 Hz*x", "(60 Hz * x)"),
        ("0.04 mV^-1/ms", "0.04 mV^-1*ms^-1"),
        ("10 nS/cm^2", "10 nS*cm^-2"),
        ("5 %", "5 %"),
        ("-65mV", "(-65 mV)"),
        ("3 \u{b5}s", "3 \u{b5}s"),
        ("2*s", "(2 * s)"),
        ("2 s^x", "(2 s ^ x)"),
        ("1e-6 mV/ms", "1e-6 mV*ms^-1"),
        ("5 degC", "5 degC"),
        ("1 tick", "1 tick"),
        ("(2\n s)", "[SyntaxError"),
    ];
    for (text, tree) in cases {
        assert!(value(text).starts_with(tree), "{text}: {}", value(text));
    }
}

#[test]
fn a_range_of_whole_numbers_is_three_tokens() {
    insta::assert_snapshot!(parses("let a = x[0..10]"), @"let a = x[0 .. 10]");
}

#[test]
fn a_line_goes_on_after_an_operator_and_inside_brackets() {
    insta::assert_snapshot!(parses("let a = 1 +\n 2\nlet b = f(1,\n 2\n )\nlet c =\n 3 and\n\n 4\nlet d: real *\n time = 3"), @r"
    let a = (1 + 2)
    let b = f(1, 2)
    let c = (3 and 4)
    let d: real * time = 3
    ");
}

#[test]
fn documentation_belongs_to_the_item_that_follows() {
    insta::assert_snapshot!(parses("//! file\n/// one\n/// two\nlet a = 1\n@allow(x)\n/// three\nlet b = 2\ncell A {\n  /// four\n  param c = 1\n}\n/// nothing"), @r"
    //! file
    /// one
    /// two
    let a = 1
    /// three
    @allow(x)
    let b = 2
    cell A
      /// four
      param c = 1
    ");
}

#[test]
fn every_encoding_of_a_line_end_reads_the_same() {
    let unix = "let a = 1\nlet b = 2 // c\n/* x\n */let c = 3";
    assert_eq!(parses(unix), parses(&unix.replace('\n', "\r\n")));
    assert_eq!(parses(unix), parses(&unix.replace('\n', "\r")));
    assert_eq!(parses(unix), parses(&format!("\u{feff}{unix}")));
}

#[test]
fn nothing_is_a_file() {
    for text in ["", "\n", "// c", "/* c */", "\u{feff}", ";;\n;", "/// d"] {
        assert_eq!(parses(text), "", "{text:?}");
    }
}

#[test]
fn an_expression_alone_parses_or_says_why() {
    assert_eq!(value("4 mV"), "4 mV");
    for text in ["", "3 +", "let a = 3", "a b", "1; 2", "(", "}", "= 3", "a = 3", "\"x"] {
        let (_, value, errors) = parse_expr(FileId(3), text);
        assert!(value.is_none() && !errors.is_empty(), "{text:?}");
        assert!(
            errors.iter().all(|error| error.span.file == FileId(3) && error.span.end as usize <= text.len()),
            "{text:?} {errors:?}"
        );
    }
}

#[test]
fn three_mistakes_in_different_places_give_three_messages() {
    insta::assert_snapshot!(report("cell A {\n  parm tau = 20 ms\n  state v = 0 mV\n  tau * v' = -v +* 2\n  spike when v > 1 {\n    v = = 3\n  }\n}\nlet k = 3\nlet 5 = 2\nlet m = 2"), @r"
    2:3-2:7 [syntax] `parm` begins no statement of a cell | did you mean `param`?
    4:18-4:19 [syntax] expected a value after `+`, found `*`
    6:9-6:10 [syntax] expected a value after `=`, found `=`
    10:5-10:6 [syntax] expected a name after `let`, found `5`
    ");
}

#[test]
fn the_first_line_of_a_message_names_what_is_missing() {
    let mistakes = [
        "let a = ",
        "let a 3",
        "let a = 3 mVolt",
        "let a = 5 nX",
        "let a = 5 ns s",
        "let if = 3",
        "let a = 1 < 2 < 3",
        "let a = .5 + 5. + 1.x",
        "let a = \"open",
        "let a = 3 /* open",
        "let a = 3 \u{20ac}\u{20ac} + 1",
        "let a = 3 \u{2212} 1",
        "let a = f(3, 4",
        "let a = f(3]",
        "let a = 3)",
        "let a = 1\n+ 2",
        "cel A { param a = 1; parm b = 2 }",
        "cell A : { param = 3 }",
        "cell A { v = 3 }",
        "cell A { param a = 3 param b = 4 }",
        "cell A { param x =\n param y = 3\n  u' = 4 *\n  v' = 3 }",
        "cell A { port p: excitatory voltage exponential(3 ms) }",
        "cell A {\n  spike when v > 1 { v = 0 }\n  } \n  param a = 1\n}\nlet b = 1",
        "cell A {\n  spike when v > 1 {\n    v = 0\n  param a = 1\n}\nlet b = 1",
        "cell A {\n  spike when v > 1 {\n    v = 0\n",
        "cell A {\n  param a = 1\n\ncell B {\n  param b = 1\n}",
        "circuit C {\n  popluation E: Lif\n  population F Lif\n}",
        "circuit C {\n  projection p: E - I { weight }\n}",
        "circuit C {\n  projection p: E -> I {\n    conect all_to_all\n    weight\n    delay 0.1 ms 3\n  }\n}",
        "experiment M {\n  recrd E\n  run\n  expect a ==\n}",
        "experiment M of { run 1 s }",
        "experiment M {\n  if a { run 1 s }\n  else { run 2 s }\n}",
        "@alow(x) let a = 1",
        "let a: time^x = 3",
        "let a: time^1.5 = 3\nlet b = 3 ms^999",
        "cell A { } cell B { }",
        "= 3",
        "}",
        "hello",
        "3",
        "use a.{}",
        "use a.{b c}",
        "circuit C { constraints { monitor a or stop b } }",
        "let a = b c",
        "let a = 7 % 3",
        "let a = !b && c",
    ];
    let text: String = mistakes
        .iter()
        .map(|text| format!("--- {}\n{}", text.replace('\n', "\n    "), report(text)))
        .collect();
    insta::assert_snapshot!("mistakes", text);
}

#[test]
fn depth_has_a_limit_and_says_so() {
    let nested = |open: &str, close: &str, count: usize| {
        format!("let a = {}1{}", open.repeat(count), close.repeat(count))
    };
    for text in [
        nested("(", ")", 1000),
        nested("[", "]", 100_000),
        nested("-", "", 10_000),
        nested("not ", "", 10_000),
        nested("f(", ")", 100_000),
        nested("if a then b else ", "", 10_000),
        nested("1+", "", 10_000),
        nested("1^", "", 10_000),
        format!("let a = x{}", ".y".repeat(100_000)),
        format!("let a = x{}", "'".repeat(100_000)),
        format!("cell A {}{}", "{ segment s ".repeat(10_000), "}".repeat(10_000)),
        format!("experiment A {{ {} }}", "if a { } else ".repeat(10_000) + "{ }"),
        format!("experiment A {{ {} }}", "if a { if b { } } else ".repeat(10_000) + "{ }"),
    ] {
        let errors = parse(FileId(0), &text).errors;
        let shown: String = text.chars().take(40).collect();
        assert_eq!(errors.iter().map(|error| error.rule).collect::<Vec<_>>(), ["nested-too-deep"], "{shown}");
    }
    parses(&nested("(", ")", 190));
    parses(&format!("cell A {{ {} {} }}", "segment s {".repeat(60), "}".repeat(60)));
    parses(&format!("experiment A {{ {} {{ }} }}", "if a { } else ".repeat(50)));
    parses(&format!("experiment A {{ {} }}", "if a { } else { }; ".repeat(500)));
}

#[test]
fn a_huge_text_takes_linear_time() {
    let item = "cell A { param a = f(1, 2) * [3 mV, 4]; spike when a > 3 { a = 0 } }\n";
    assert_eq!(parse(FileId(0), &item.repeat(20_000)).file.items.len(), 20_000);
    let soups = [
        "{",
        "}",
        "(",
        ")",
        "a ",
        "\u{20ac}",
        "\u{20ac} ",
        "\0",
        "{\n",
        "   }\n",
        "cell A {\n",
        "a b\n",
        "+\n",
        "\"\n",
        "/*",
        "1 ",
        "= ",
        "if a {} else ",
        "@allow(a)\n",
        "use a.{",
    ];
    for soup in soups {
        let errors = parse(FileId(0), &soup.repeat(50_000)).errors;
        assert!(!errors.is_empty() && errors.len() < 110, "{soup:?} {}", errors.len());
    }
}

#[test]
fn a_mistake_leaves_an_error_in_the_tree() {
    insta::assert_snapshot!(dump(&parse(FileId(0), "cell A {\n param a = \n param b = 2\n}\nlet = 3\nlet c = 1").file), @r"
    cell A
      error
      param b = 2
    error
    let c = 1
    ");
}

#[test]
fn spans_cover_what_they_name() {
    let text = "let a = (b + c) * d";
    let file = parse(FileId(0), text).file;
    let spans: Vec<&str> =
        file.exprs.iter().map(|expr| &text[expr.span.start as usize..expr.span.end as usize]).collect();
    assert_eq!(spans, ["b", "c", "(b + c)", "d", "(b + c) * d"]);
    assert!(file.exprs.iter().all(|expr| !matches!(expr.kind, ExprKind::Error)));
}
