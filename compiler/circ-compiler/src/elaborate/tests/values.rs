//! Evaluation, seen through the values of a circuit.

use super::{circuit, net, net_files};

#[test]
fn whole_numbers_stay_whole_and_their_quotient_is_real() {
    insta::assert_snapshot!(net("circuit C(a: int = 7, b: int = 2) {
      let sum = a + b
      let quotient = a / b
      let power = a ^ b
      let left = mod(-a, b)
      let many = a + 1 + 2 + 3 + 4 + 5
    }"), @r"
    dt 0.1 ms, seed 0, f64
    #1 C
      a = 7
      b = 2
      sum = 9
      quotient = 3.5
      power = 49
      left = 1
      many = 22
    ");
}

#[test]
fn a_whole_number_beyond_64_bits_is_an_error() {
    insta::assert_snapshot!(net("circuit C(a: int = 4000000000) { let x = a * a * a }"), @r"
    [int-overflow] this product does not fit into an `int`
      a * a <- beyond 64 bits
      note: an `int` holds whole numbers from -2^63 to 2^63 - 1
    ");
}

#[test]
fn functions_take_their_arguments_by_value() {
    insta::assert_snapshot!(net("fn f(x: real, y: real) -> real = if x < y then g(x) else x - y
    fn g(x: real) = x * x
    circuit C { let a = f(2, 3) + f(f(5, 1), 3) }"), @r"
    dt 0.1 ms, seed 0, f64
    #1 C
      a = 5
    ");
}

#[test]
fn arrays_are_computed_by_element_and_selected_from() {
    insta::assert_snapshot!(net("let K = [[1, 2, 3], [4, 5, 6]]
    circuit C {
      let doubled = K * 2
      let row = K[1]
      let one = K[1, 2]
      let some = K[0, 1 .. 3]
      let big = K[0][where K[0] > 1.5]
      let listed = K[1, [2, 0]]
      let total = sum(K) + mean(K[0])
      let deviation = std([1, 3])
      let first = argmax([1, 9, 9])
      let squares = sum(q * q for q in 0 .. 4)
      let none = sum(q for q in 4 .. 4)
      let points = linspace(0, 1, 5)
    }"), @r"
    dt 0.1 ms, seed 0, f64
    #1 C
      doubled = [2, 4, 6, 8, 10, 12] of 2, 3
      row = [4, 5, 6] of 3
      one = 6
      some = [2, 3] of 2
      big = [2, 3] of 2
      listed = [6, 4] of 2
      total = 23
      deviation = 1
      first = 1
      squares = 14
      none = 0
      points = [0, 0.25, 0.5, 0.75, 1] of 5
    ");
}

#[test]
fn what_does_not_fit_is_said_where_it_stands() {
    insta::assert_snapshot!(circuit("let a = [1, 2] + [1, 2, 3]"), @r"
    [unit-mismatch] an array can not be added to an array
      [1, 2] <- an array
      [1, 2, 3] <- an array
    ");
    insta::assert_snapshot!(circuit("let a = [1, 2][2]"), @r"
    [index-range] index 2 is outside this array
      2 <- this array has indices 0 to 1
    ");
    insta::assert_snapshot!(circuit("let a = [[1, 2], [3]]"), @r"
    [array-shape] the rows of this table differ in length or kind
      [1, 2] <- the first row
      [3] <- this row differs from it
    ");
    insta::assert_snapshot!(circuit("let a = max(q for q in 0 .. 0)"), @r"
    [empty-array] `max` of nothing has no value
      max(q for q in 0 .. 0) <- there is no element
    ");
    insta::assert_snapshot!(circuit("population E: Lif[10] { tau = 0 ms * inf }"), @r"
    [not-a-number] this has no value: it is not a number
      0 ms * inf <- something like 0/0, inf - inf or the root of a negative number
    ");
    insta::assert_snapshot!(circuit("let a = [1, 2, 3][2 .. 1]"), @r"
    [index-range] 2 .. 1 runs backwards
      2 <- goes from the first index to the one behind the last
    ");
}

#[test]
fn neither_work_nor_depth_is_without_bounds() {
    insta::assert_snapshot!(circuit("let a = sum(1 for q in 0 .. 1000000000000)"), @r"
    [too-large] this expression takes too much work to evaluate
      1 <- given up here
    ");
    let mut nested = String::from("fn f0(x: real) = x\n");
    for k in 1..300 {
        nested += &format!("fn f{k}(x: real) = f{}(x + 1)\n", k - 1);
    }
    nested += "circuit C { let a = f299(0) }";
    insta::assert_snapshot!(net(&nested), @r"
    [too-large] this expression is nested too deeply
      x + 1 <- given up here
    ");
}

#[test]
fn data_comes_from_files() {
    let files = [("a.csv", "x, y\n1, 2\n3, 4\n"), ("one.csv", "x\n1\n2\n3\n")];
    insta::assert_snapshot!(net_files("data a: real[_, 2] = load(\"a.csv\")
    data one: int[3] = load(\"one.csv\")
    circuit C { let s = sum(a) + one[2] }", &files), @r"
    dt 0.1 ms, seed 0, f64
    #1 C
      s = 13
    ");
    insta::assert_snapshot!(net_files("data a: real[3, 2] = load(\"a.csv\")\ncircuit C { }", &files), @r#"
    [data-shape] `a` is declared with 3 × 2 elements, but holds 2 × 2
      load("a.csv") <- 2 × 2 found here
    "#);
    insta::assert_snapshot!(net_files("data a: real[3] = load(\"b.csv\")\ncircuit C { }", &files), @r#"
    [load-file] `b.csv` can not be loaded: there is no such file
      load("b.csv") <- loaded here
    "#);
    let bad = [("a.csv", "x, y\n1, 2\n3, four\n")];
    insta::assert_snapshot!(net_files("data a: real[2, 2] = load(\"a.csv\")\ncircuit C { }", &bad), @r#"
    [table-row] line 3 of `a.csv`: `four` in column `y` is not a number
      load("a.csv") <- used here
    "#);
    let short = [("a.csv", "x, y\n1, 2\n3\n")];
    insta::assert_snapshot!(net_files("data a: real[2, 2] = load(\"a.csv\")\ncircuit C { }", &short), @r#"
    [table-row] line 3 of `a.csv`: 1 fields, but the header has 2
      load("a.csv") <- used here
    "#);
    let fraction = [("a.csv", "x\n1\n2.5\n")];
    insta::assert_snapshot!(net_files("data a: int[2] = load(\"a.csv\")\ncircuit C { }", &fraction), @r#"
    [load-file] `a.csv` can not be loaded: 2.5 in row 0 is not a whole number
      load("a.csv") <- loaded here
    "#);
}
