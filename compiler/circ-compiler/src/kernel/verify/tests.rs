//! One program of each kind that the verifier rejects.

use circ_plan::ir::*;
use circ_plan::plan::*;

use super::*;
use crate::kernel::generate::population;
use crate::kernel::parse::parse;

fn context(purpose: Purpose) -> Context {
    let mut population = population(Precision::F32, 2);
    population.arrays.push(ArrayPlan { name: "d".into(), ty: Ty::Float, role: Role::Derived });
    Context { tables: Some(1), places: Some(1), ..Context::population(&population, purpose) }
}

/// The message for a reference program of these lines (without `v0`, a state, and `v1`, a mask).
#[track_caller]
fn rejects(lines: &str, message: &str) {
    rejects_in(Purpose::Reference, lines, message);
}

#[track_caller]
fn rejects_in(purpose: Purpose, lines: &str, message: &str) {
    let text = format!(
        "program \"P\" f32 {{\n v0: float = 1.0\n v1: bool = true\n v2: int = 1\n v3: tick = 1\n {lines}\n}}"
    );
    let program = parse(&text).expect("it reads");
    assert_eq!(verify(&program, &context(purpose)), Err(format!("P: {message}")));
}

#[test]
fn types_must_fit() {
    rejects("v4: float = add v0, v2", "v4 = add v0, v2: float is due, not int");
    rejects("v4: int = add v0, v0", "v4 = add v0, v0: float is due, not int");
    rejects("v4: float = select v0, v0, v0", "v4 = select v0, v0, v0: bool is due, not float");
    rejects("v4: float = select v1, v0, v2", "v4 = select v1, v0, v2: float is due, not int");
    rejects("v4: bool = lt v1, v1", "v4 = lt v1, v1: float is due, not bool");
    rejects("v4: tick = tick_add v3, v2", "v4 = tick_add v3, v2: tick is due, not int");
    rejects("v4: float = to_float v1", "v4 = to_float v1: int is due, not bool");
    rejects("v4: int = load own a0", "v4 = load own a0: float is due, not int");
    rejects("v4: float = 0.1", "v4 = 0.1: not rounded to the precision");
    rejects("v4: tick = 3000000000", "v4 = 3000000000: wider than a tick");
}

#[test]
fn what_is_named_must_exist() {
    rejects("v4: float = load own a99", "v4 = load own a99: there are 10 arrays");
    rejects("v4: float = uniform u9", "v4 = uniform u9: there are 4 slots");
    rejects("v4: float = arrival p2", "v4 = arrival p2: there are 2 ports");
    rejects("v4: float = table t1 v2, v2", "v4 = table t1 v2, v2: there are 1 tables");
    rejects(
        "v4: float = draw normal (v0) key k0 salt 0",
        "v4 = draw normal (v0) key k0 salt 0: 2 arguments are due, not 1",
    );
    rejects(
        "v4: float = draw poisson (v0) key k2 salt 0",
        "v4 = draw poisson (v0) key k2 salt 0: there are 2 keys",
    );
    rejects(
        "v4: float = draw poisson (v0) key k1 salt 64",
        "v4 = draw poisson (v0) key k1 salt 64: there are 64 salts",
    );
    rejects("v4: float = expm 1 (v0) row 1 column 0", "v4 = expm 1 (v0) row 1 column 0: there are 1 rows");
    rejects(
        "v4: float = expm 2 (v0) row 0 column 0",
        "v4 = expm 2 (v0) row 0 column 0: 4 entries are due, not 1",
    );
    rejects("event e2 if v1", "there is no event e2");
    rejects("check finite v0 place 1", "there is no place 1");
    rejects("array a99 = v0", "there is no array a99 to write");
}

#[test]
fn operands_come_first() {
    let mut program = Program::new("P", Precision::F64);
    program.push(Op::Neg(ValueId(0)), Ty::Float);
    let found = verify(&program, &context(Purpose::Reference));
    assert_eq!(found, Err("P: v0 = neg v0: v0 is not made before it is used".into()));
}

#[test]
fn a_purpose_limits_what_is_read_and_written() {
    let not_for = |purpose: &str| format!("not in a program of purpose {purpose}");
    let arrival = "v4: float = arrival p0";
    rejects_in(Purpose::InitStates, arrival, &format!("v4 = arrival p0: {}", not_for("InitStates")));
    let load = "v4: float = load own a0";
    rejects_in(Purpose::DeriveUniforms, load, &format!("v4 = load own a0: {}", not_for("DeriveUniforms")));
    rejects_in(Purpose::Synapse, load, &format!("v4 = load own a0: {}", not_for("Synapse")));
    let draw = "draw poisson (v0) key k0 salt 0";
    let line = format!("v4: float = {draw}");
    rejects_in(Purpose::DeriveUniforms, &line, &format!("v4 = {draw}: {}", not_for("DeriveUniforms")));
    rejects_in(Purpose::DeriveCells, &line, &format!("v4 = {draw}: {}", not_for("DeriveCells")));
    let expm = "expm 1 (v0) row 0 column 0";
    rejects_in(
        Purpose::Kernel,
        &format!("v4: float = {expm}"),
        &format!("v4 = {expm}: {}", not_for("Kernel")),
    );
    rejects("v4: float = load own a9", "v4 = load own a9: a reference program reads nothing derived");
    let written =
        |purpose: &str, role: &str| format!("a program of purpose {purpose} does not write a {role}");
    rejects("array a0 = v0", &format!("array a0: {}", written("Reference", "Parameter")));
    rejects_in(
        Purpose::InitParams,
        "array a4 = v0",
        &format!("array a4: {}", written("InitParams", "State")),
    );
    rejects("uniform u0 = v0", "slot u0 is not derived here");
    rejects("result v0", "expressions, and only they, have one result");
    rejects_in(Purpose::Observable, "", "expressions, and only they, have one result");
}

#[test]
fn a_target_is_written_once() {
    rejects("array a4 = v0\n array a4 = v0", "two outputs have the same target");
    rejects("event e0 if v1\n event e0 if v1", "two outputs have the same target");
    rejects("array a4 = v2", "array a4: float is due, not int");
    rejects("event e0 if v0", "event e0: bool is due, not float");
    rejects("check finite v1 place 0", "check of v1: float is due, not bool");
    rejects("check range v0 place 0", "check of v0: bool is due, not float");
}

#[test]
fn regions_are_closed_and_nested() {
    let ops = "v4: float = exp v0\n v5: float = exp v4\n v6: float = select v1, v5, v0\n array a4 = v6\n";
    let with = |regions: &str| format!("{ops} {regions}");
    rejects(&with("region v1 4 .. 5"), "region 4 .. 5: v4 matters outside");
    rejects(&with("region v1 4 .. 7"), "region 4 .. 7: v6 matters outside");
    rejects(&with("region v1 4 .. 4"), "region 4 .. 4: there are no such operations");
    rejects(&with("region v1 4 .. 99"), "region 4 .. 99: there are no such operations");
    rejects(&with("region v0 4 .. 6"), "region 4 .. 6: bool is due, not float");
    rejects(&with("region v4 4 .. 6"), "region 4 .. 6: its mask v4 is made too late");
    rejects(&with("region v1 5 .. 6\n region v1 4 .. 6"), "region 4 .. 6: regions are not in order");
}
