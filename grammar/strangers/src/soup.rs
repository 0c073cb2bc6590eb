//! Soups: words of the language, signs, numbers and letters in any order.

use crate::Choices;
use crate::mutate::{NUMBERS, WORDS};

/// Words that begin statements and clauses, words of expressions, signs, units and names.
const LANGUAGE: &str = "\
and or not if then else in for where when each except true false let fn cell circuit experiment plasticity use pub \
excitatory inhibitory modulatory param state port segment spike event on mode method precision couple refractory \
enter leave emit hold drop no via by population projection drive part constraints data connect weight delay \
dendritic back polarity onto share continuous allow at from to modulator pre post synapse bounds prune grow rewire \
transmit store as lowest highest random end every dale require enforce monitor over stop of dt seed record run \
until set fire reset freeze thaw clamp release silence save load trials repeat print report expect plot sweep \
exponential sum delta alpha probability all_to_all one_to_one in_degree uniform normal poisson exp min max clamp \
rate count size E I A B v w x tau Main real time voltage current conductance int bool \
1 0 2.5 5 % ms mV nS pA kHz um MOhm mV^-1/ms nS/cm^2 10 20 \
{ } ( ) [ ] , : . .. -> <-> @ ' = += -= *= == != < <= > >= + - * / ^ ;";

/// Letters of every kind: of names, blanks, controls, of two to four bytes, and halves of signs.
const LETTERS: &str = "ab m1 .5eE+-*/^'\"\\{}()[],:;=<>!@%&#_\n\r\t\0\u{feff}\u{a0}\u{b5}\u{3bc}\u{3a9}\u{2126}\u{20ac}\u{1d11e}\u{301}\u{202e}";

/// Tokens in any order, at most `most` of them.
pub fn tokens(choices: &mut Choices, most: usize) -> String {
    let language: Vec<&str> = LANGUAGE.split_whitespace().collect();
    let mut text = String::new();
    for _ in 0..choices.below(most + 1) {
        text += match choices.below(16) {
            0 => choices.pick(&NUMBERS),
            1 => choices.pick(&WORDS),
            _ => choices.pick(&language),
        };
        text += choices.pick(&[" ", " ", " ", "\n", "", "  // x\n"]);
        if choices.are_over() {
            break;
        }
    }
    text
}

/// Letters in any order, fewer than `most` of them.
pub fn letters(choices: &mut Choices, most: usize) -> String {
    let letters: Vec<char> = LETTERS.chars().collect();
    (0..choices.below(most)).map(|_| choices.pick(&letters)).collect()
}
