//! The language's own words: where each begins a statement, and what it means.
//!
//! In: nothing; this is a table, for completion and hovers. A test holds it to the words of the lexer, so that none is
//! forgotten.

/// A kind of block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    File,
    /// Of segments, too.
    Cell,
    Mode,
    Rule,
    /// Of a trace.
    Trace,
    Rewire,
    /// What an event does, in cells and rules.
    Actions,
    Circuit,
    Population,
    Drive,
    Projection,
    Constraints,
    Experiment,
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Begins statements in these blocks.
    Statement(&'static [Block]),
    /// Within statements.
    Within,
    Function,
    Value,
    Type,
    Shape,
    Connect,
    Method,
}

/// A word with its meaning.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    pub name: &'static str,
    pub sort: Sort,
    /// How it is written, where that is more than the word.
    pub form: &'static str,
    pub meaning: &'static str,
}

/// All meanings of a word.
pub fn named(name: &str) -> impl Iterator<Item = &'static Word> {
    WORDS.iter().filter(move |word| word.name == name)
}

/// The words that begin statements in a block.
pub fn beginning(block: Block) -> impl Iterator<Item = &'static Word> {
    WORDS.iter().filter(move |word| matches!(word.sort, Sort::Statement(blocks) if blocks.contains(&block)))
}

/// All words of a sort that is written in one kind of place.
pub fn of_sort(sort: Sort) -> impl Iterator<Item = &'static Word> {
    WORDS.iter().filter(move |word| word.sort == sort)
}

macro_rules! words {
    ($($name:literal $sort:expr, $form:literal, $meaning:literal;)*) => {
        &[$(Word { name: $name, sort: $sort, form: $form, meaning: $meaning }),*]
    };
}

use Block::*;
use Sort::*;

const ANYWHERE: &[Block] = &[File, Cell, Rule, Actions, Circuit, Experiment, Mode];

/// Every word of the language.
pub static WORDS: &[Word] = words! {
    "use" Statement(&[File]), "use std.cells.{LifCurrent, AdEx}", "Brings in items of another file, or of the library.";
    "let" Statement(ANYWHERE), "let x = e", "A name for a value. In cells it is computed anew at every step, and others may read it.";
    "data" Statement(&[File, Circuit, Experiment]), "data x: real[3, 4] = load(\"x.npy\")", "An array that is read from a file, or written out.";
    "fn" Statement(&[File, Cell, Rule, Circuit, Experiment]), "fn f(a: voltage) = e", "A pure function.";
    "cell" Statement(&[File]), "cell Name { }", "A dynamical system that may emit events: a neuron, a rate unit, a source. In an expression, `cell.v` is what the cell itself calls `v`.";
    "plasticity" Statement(&[File, Projection]), "plasticity Rule(a = e)", "A rule by which synapses learn; in a projection, the rule that its synapses follow.";
    "circuit" Statement(&[File]), "circuit Name(n: int = 10) { }", "Populations, what drives them and what connects them.";
    "experiment" Statement(&[File]), "experiment Name of Circuit(a = e) { }", "What is done with a circuit, and what is expected of it.";
    "param" Statement(&[Cell, Rule]), "param x in lo .. hi = e", "Constant while time runs; one for all cells of a population, or one for each where its value is drawn or depends on `i`.";
    "state" Statement(&[Cell]), "state x: type in lo .. hi = e", "What an equation or a block changes; the value is that at the beginning.";
    "port" Statement(&[Cell]), "port p: excitatory current via exponential(5 ms)", "Where synapses arrive.";
    "segment" Statement(&[Cell]), "segment distal[20] { }", "Dendritic segments, each with states, ports and events of its own.";
    "spike" Statement(&[Cell]), "spike when c { }", "At every tick at which the condition holds: a spike on the axon, then the block.";
    "event" Statement(&[Cell]), "event e when c { }", "As `spike`, without a spike on the axon.";
    "on" Statement(&[Cell, Rule, Trace]), "on e { }", "What happens at an event, at arrivals at a port, at every tick (`on tick`), at the end of a mode (`on end m`); in rules at spikes of the source (`on pre`), of the target (`on post`) or of a modulator.";
    "mode" Statement(&[Cell]), "mode m for T { }", "A regime with a clock of its own, which may replace equations, hold states, drop arrivals and forbid events.";
    "method" Statement(&[Cell, Experiment]), "method exact", "How equations are integrated.";
    "precision" Statement(&[Cell, Experiment]), "precision f32", "The precision of states.";
    "couple" Statement(&[Cell]), "couple a <-> b by g", "Adds `g * (b - a)` to the equation of `a`, and the opposite to that of `b`.";
    "for" Statement(&[Cell, Circuit, Experiment]), "for q in 0 .. 10 { }", "The block once for each value of the index.";
    "if" Statement(&[Actions, Circuit, Experiment]), "if c { } else { }", "A choice; in expressions `if c then a else b`.";
    "refractory" Statement(&[Actions]), "refractory T hold v", "No such event for a time; the states named are held.";
    "enter" Statement(&[Actions]), "enter m", "Begins a mode.";
    "leave" Statement(&[Actions]), "leave m", "Ends a mode.";
    "emit" Statement(&[Actions]), "emit e", "Makes an event happen.";
    "transmit" Statement(&[Actions]), "transmit e", "What a spike delivers, in place of the weight.";
    "hold" Statement(&[Mode]), "hold v", "These states do not change.";
    "drop" Statement(&[Mode]), "drop exc", "What arrives at these ports is lost.";
    "no" Statement(&[Mode]), "no spike", "These events do not happen.";
    "modulator" Statement(&[Rule]), "modulator m: type", "A value or the events of cells that the projection names.";
    "pre" Statement(&[Rule]), "pre x = trace(tau)", "A trace of the source. In expressions, the source of a synapse.";
    "post" Statement(&[Rule]), "post y = trace(tau)", "A trace of the target. In expressions, the target of a synapse.";
    "synapse" Statement(&[Rule]), "synapse e = 0", "A state of each synapse.";
    "bounds" Statement(&[Rule]), "bounds w in 0 .. w_max", "The range that a value is kept in.";
    "every" Statement(&[Rule]), "every T { }", "What happens again and again after a time; of a record or constraint, how often.";
    "store" Statement(&[Rule, Projection]), "store w as f32", "How narrow weights are held; `store procedural`: draw synapses again for each spike.";
    "rewire" Statement(&[Rule]), "rewire every T { }", "Synapses that come and go.";
    "prune" Statement(&[Rewire]), "prune where w < 0.1", "Which synapses go.";
    "grow" Statement(&[Rewire]), "grow pruned random", "How many synapses come, and between which cells.";
    "population" Statement(&[Circuit]), "population E: excitatory Cell[n]", "Cells of one kind.";
    "drive" Statement(&[Circuit, Experiment]), "drive d: poisson(10 Hz) -> E.exc { weight 1 nS }", "What comes from outside: events, a table or a value.";
    "projection" Statement(&[Circuit]), "projection p: E -> I.exc { }", "Synapses from one view of cells to a port of another.";
    "part" Statement(&[Circuit]), "part a: Circuit(n = 3)", "A circuit within this one.";
    "pub" Statement(&[Circuit]), "pub population E: Cell[n]", "Seen from the circuits that this one is a part of.";
    "constraints" Statement(&[Circuit]), "constraints { dale }", "What must hold.";
    "connect" Statement(&[Projection]), "connect probability 0.1", "Which cells have a synapse.";
    "allow" Statement(&[Projection]), "allow self", "Synapses of a cell to itself (`self`), more than one between two cells (`multiple`).";
    "weight" Statement(&[Drive, Projection]), "weight 1 nS", "Of each synapse, in the dimension of the port. As a type, that dimension.";
    "delay" Statement(&[Drive, Projection]), "delay 1.5 ms", "From the spike to the arrival.";
    "dendritic" Statement(&[Projection]), "dendritic 1 ms", "The part of the way behind the synapse, added to the delay.";
    "back" Statement(&[Projection]), "back 1 ms", "From a spike of the target back to the synapse.";
    "polarity" Statement(&[Projection]), "polarity excitatory", "What the projection is, where its population has no polarity.";
    "onto" Statement(&[Projection]), "onto random", "The segment that each synapse ends on.";
    "share" Statement(&[Projection]), "share by e", "Synapses with the same value hold one weight.";
    "continuous" Statement(&[Projection]), "continuous w * pre.r", "A value that flows at every tick, instead of spikes.";
    "at" Statement(&[Population]), "at grid(50 um)", "Where the cells lie.";
    "from" Statement(&[Drive]), "from a to b", "When the drive acts.";
    "dale" Statement(&[Constraints]), "dale", "Every population sends what its polarity says.";
    "require" Statement(&[Constraints]), "require size(E) == 4 * size(I)", "Must hold when the circuit is built.";
    "enforce" Statement(&[Constraints, Experiment]), "enforce weight_sum(p) == 1 nS every 1 s", "Weights are scaled until it holds.";
    "monitor" Statement(&[Constraints]), "monitor rate(E) in 1 Hz .. 20 Hz", "Watched while the circuit runs; `else stop` ends the run.";
    "dt" Statement(&[Experiment]), "dt 0.1 ms", "The length of a step.";
    "seed" Statement(&[Experiment]), "seed 42", "Of all random numbers.";
    "record" Statement(&[Experiment]), "record E.spike, E[0].v every 1 ms", "What is written down from here on.";
    "run" Statement(&[Experiment]), "run 1 s", "Time passes; `until c` ends it earlier.";
    "set" Statement(&[Experiment]), "set E.I = 3 pA", "Changes parameters, states, drives or weights.";
    "clamp" Statement(&[Experiment]), "clamp E.v = -60 mV", "Holds a state at a value. As a function, `clamp(x, lo, hi)`.";
    "release" Statement(&[Experiment]), "release E.v", "Ends clamps.";
    "fire" Statement(&[Experiment]), "fire E[0]", "These cells spike at the next tick.";
    "silence" Statement(&[Experiment]), "silence E[0 .. 10]", "These cells spike no more.";
    "reset" Statement(&[Experiment]), "reset E except E.w", "Back to how it began.";
    "freeze" Statement(&[Experiment]), "freeze plasticity", "Holds a state as it is, or stops learning.";
    "thaw" Statement(&[Experiment]), "thaw plasticity", "Learning goes on.";
    "save" Statement(&[Experiment]), "save \"state.circ-state\"", "Writes the whole state to a file.";
    "load" Statement(&[Experiment]), "load \"state.circ-state\"", "Reads the whole state from a file. As a function, reads data.";
    "print" Statement(&[Experiment]), "print rate(E)", "Shows values now.";
    "report" Statement(&[Experiment]), "report rate(E)", "Values that stand among the results.";
    "plot" Statement(&[Experiment]), "plot E.spike", "A picture among the results.";
    "expect" Statement(&[Experiment]), "expect rate(E) in 3 Hz .. 15 Hz", "Must hold, or the run has failed.";
    "trials" Statement(&[Experiment]), "trials k in 0 .. 10 { }", "The block again and again, each time from the same state.";
    "repeat" Statement(&[Experiment]), "repeat { } until c", "The block until the condition holds.";
    "sweep" Statement(&[Experiment]), "sweep g in linspace(1, 5, 9)", "The whole experiment for each value.";
    "and" Within, "a and b", "Both.";
    "or" Within, "a or b", "One or both.";
    "not" Within, "not a", "The opposite.";
    "then" Within, "if c then a else b", "The value where the condition holds.";
    "else" Within, "if c then a else b", "The value or block where the condition does not hold.";
    "in" Within, "x in lo .. hi", "Whether a value lies in a range, both ends included; what a loop runs over.";
    "where" Within, "E[where i < 10]", "Those for which the condition holds.";
    "when" Within, "spike when c", "The condition of an event.";
    "each" Within, "rate(each E)", "One value for each cell.";
    "except" Within, "reset except E", "All but these.";
    "true" Within, "true", "What holds.";
    "false" Within, "false", "What does not hold.";
    "excitatory" Within, "", "Of a population: sends to excitatory ports. Of a port: weights are magnitudes, and excite.";
    "inhibitory" Within, "", "Of a population: sends to inhibitory ports. Of a port: weights are magnitudes, and inhibit.";
    "modulatory" Within, "", "Of a port: weights have any sign, whatever they come from.";
    "via" Within, "via exponential(5 ms)", "The shape of what arrives at a port.";
    "by" Within, "couple a <-> b by g", "Conductance of a coupling, key of shared weights, order of synapses.";
    "to" Within, "from a to b", "The end of a window.";
    "as" Within, "store w as f32", "How narrow.";
    "lowest" Within, "prune lowest 10 % by w", "Those with the smallest values.";
    "highest" Within, "grow 10 highest by e", "Those with the largest values.";
    "random" Within, "grow pruned random", "Any, all with the same chance.";
    "end" Within, "on end m { }", "When a mode ends.";
    "names" Within, "names = load(\"names.csv\")", "In the block of a population: what tables call the cells.";
    "events" Within, "events = [(0, 5 ms)]", "In the block of a population of `SpikeTimes`: cells and times.";
    "over" Within, "rate(E over 1 s)", "The window of a measure.";
    "stop" Within, "monitor c else stop", "Ends the run.";
    "of" Within, "experiment Main of Circuit", "The circuit of an experiment, the projections of `freeze plasticity`.";
    "until" Within, "run 1 s until c", "Ends when the condition holds.";
    "exp" Function, "exp(x)", "The exponential function.";
    "log" Function, "log(x)", "The natural logarithm.";
    "log10" Function, "log10(x)", "The logarithm to the base of ten.";
    "sqrt" Function, "sqrt(x)", "The square root.";
    "abs" Function, "abs(x)", "The magnitude.";
    "sign" Function, "sign(x)", "-1, 0 or 1.";
    "floor" Function, "floor(x)", "The next whole number below.";
    "ceil" Function, "ceil(x)", "The next whole number above.";
    "round" Function, "round(x)", "The nearest whole number.";
    "mod" Function, "mod(a, b)", "The remainder, with the sign of `b`.";
    "min" Function, "min(a, b)", "The least, of numbers or of an array.";
    "max" Function, "max(a, b)", "The greatest, of numbers or of an array.";
    "sin" Function, "sin(x)", "The sine.";
    "cos" Function, "cos(x)", "The cosine.";
    "tan" Function, "tan(x)", "The tangent.";
    "tanh" Function, "tanh(x)", "The hyperbolic tangent.";
    "sinh" Function, "sinh(x)", "The hyperbolic sine.";
    "cosh" Function, "cosh(x)", "The hyperbolic cosine.";
    "atan" Function, "atan(x)", "The inverse of the tangent.";
    "sigmoid" Function, "sigmoid(x)", "1 / (1 + exp(-x)).";
    "relu" Function, "relu(x)", "The larger of `x` and 0.";
    "step" Function, "step(x)", "1 where `x` is at least 0, else 0.";
    "exprel" Function, "exprel(x)", "(exp(x) - 1) / x, exact at 0.";
    "lgamma" Function, "lgamma(x)", "The logarithm of the gamma function.";
    "erf" Function, "erf(x)", "The error function.";
    "uniform" Function, "uniform(lo, hi)", "A draw from `lo` up to `hi`, without `hi`.";
    "normal" Function, "normal(mean, sd)", "A draw from a normal distribution.";
    "lognormal" Function, "lognormal(mean, sd)", "A draw whose logarithm is normal; mean and deviation are those of the value itself.";
    "gamma" Function, "gamma(shape, scale)", "A draw from a gamma distribution.";
    "beta" Function, "beta(a, b)", "A draw from a beta distribution.";
    "binomial" Function, "binomial(n, p)", "How many of `n` happen, each with probability `p`.";
    "poisson" Function, "poisson(10 Hz)", "Events at random times; as a value, how many in this tick.";
    "choose" Function, "choose(n, every = 10 ms)", "In a drive: so many cells, chosen anew each time, get an event.";
    "times" Function, "times([(0, 5 ms), (3, 7 ms)])", "In a drive: events of cells at times.";
    "table" Function, "table(data, every = 1 ms)", "In a drive: a row of values after another.";
    "grid" Function, "grid(50 um)", "Behind `at`: cells on a grid with this distance.";
    "polarity" Function, "polarity(E)", "1, -1 or 0: what a population is.";
    "redraw" Function, "redraw(e, lo, hi)", "Draws again until the value lies in the range.";
    "chance" Function, "chance(p)", "True with probability `p`.";
    "rising" Function, "rising(c)", "True at the tick at which the condition becomes true.";
    "mean" Function, "mean(x)", "The mean of an array.";
    "std" Function, "std(x)", "The standard deviation of an array.";
    "product" Function, "product(x)", "The product of an array.";
    "any" Function, "any(c)", "Whether one holds.";
    "all" Function, "all(c)", "Whether all hold.";
    "count" Function, "count(E)", "How many spikes; how many of an array of conditions hold.";
    "argmax" Function, "argmax(x)", "The index of the greatest.";
    "size" Function, "size(E)", "How many cells.";
    "linspace" Function, "linspace(a, b, n)", "`n` numbers from `a` to `b`.";
    "rate" Function, "rate(E)", "Spikes per cell and time.";
    "cv_isi" Function, "cv_isi(E)", "The coefficient of variation of intervals between spikes.";
    "isi" Function, "isi(E)", "The mean interval between spikes.";
    "first_spike" Function, "first_spike(E)", "The time of the first spike.";
    "spikes" Function, "spikes(E)", "How many spikes in all.";
    "in_degree" Function, "in_degree(I -> E)", "How many synapses a cell receives.";
    "out_degree" Function, "out_degree(I -> E)", "How many synapses a cell sends.";
    "weight_sum" Function, "weight_sum(I -> E)", "The sum of the weights that a cell receives.";
    "balance" Function, "balance(E)", "Excitation beside inhibition, of what arrived.";
    "fano" Function, "fano(E)", "The variance over the mean of a cell's counts in bins.";
    "synchrony" Function, "synchrony(E)", "How much cells do the same: 1 where all do.";
    "correlation" Function, "correlation(E, I)", "Of the counts of cells in bins, within a view or between two.";
    "branching" Function, "branching(E)", "How many spikes follow on a spike, from the counts of all cells.";
    "accuracy" Function, "accuracy(x, y)", "The share of equal elements of two arrays.";
    "dot" Function, "dot(x, y)", "The product of vectors and matrices.";
    "outer" Function, "outer(x, y)", "The products of all elements of two vectors.";
    "transpose" Function, "transpose(x)", "Rows as columns.";
    "ridge" Function, "ridge(x, y, a)", "The weights of a linear regression with a penalty `a`.";
    "trace" Function, "trace(tau)", "Adds 1 at each spike and decays; `trace(tau, nearest)` is 1 after each.";
    "t" Value, "", "The time.";
    "i" Value, "", "The index of the cell in its population.";
    "k" Value, "", "The index of the segment.";
    "row" Value, "", "The row of the cell in a population of two or three dimensions.";
    "col" Value, "", "The column of the cell.";
    "layer" Value, "", "The layer of the cell in a population of three dimensions.";
    "pi" Value, "", "3.14159...";
    "inf" Value, "", "Without bound, in every dimension.";
    "xi" Value, "", "Gaussian white noise of unit intensity; `xi(1)`, `xi(2)` are other sources.";
    "w" Value, "", "The weight of the synapse, in rules and in what flows.";
    "d" Value, "", "The delay of the synapse, in rules.";
    "distance" Value, "", "Between the two cells of a synapse.";
    "edge" Value, "", "The row of a connection table that a synapse comes from: `edge.w`.";
    "real" Type, "", "A number without unit.";
    "int" Type, "", "A whole number.";
    "bool" Type, "", "`true` or `false`.";
    "time" Type, "", "As in `20 ms`.";
    "frequency" Type, "", "As in `10 Hz`.";
    "voltage" Type, "", "As in `-65 mV`.";
    "current" Type, "", "As in `200 pA`.";
    "conductance" Type, "", "As in `10 nS`.";
    "resistance" Type, "", "As in `100 MOhm`.";
    "capacitance" Type, "", "As in `250 pF`.";
    "charge" Type, "", "As in `1 pC`.";
    "length" Type, "", "As in `50 um`.";
    "area" Type, "", "As in `20000 um^2`.";
    "volume" Type, "", "As in `1 um^3`.";
    "concentration" Type, "", "As in `1 mM`.";
    "temperature" Type, "", "As in `37 degC`.";
    "velocity" Type, "", "As in `0.3 m/s`.";
    "SpikeTimes" Type, "SpikeTimes[3] { events = [(0, 5 ms)] }", "A cell that the language provides: it spikes when it is told to.";
    "exponential" Shape, "exponential(tau)", "A unit of weight jumps to one unit, which decays. As a distribution, `exponential(mean)`.";
    "alpha" Shape, "alpha(tau)", "A unit of weight rises and decays with one time constant, and peaks at one unit.";
    "biexponential" Shape, "biexponential(tau_rise, tau_decay)", "A unit of weight rises and decays, and peaks at one unit.";
    "delta" Shape, "delta(v)", "Adds the weight to a state at arrival; `delta(-v)` subtracts it.";
    "sum" Shape, "sum", "What arrives or flows in at this tick. As a function, the sum of an array.";
    "probability" Connect, "probability 0.1", "Each pair by itself.";
    "in_degree" Connect, "in_degree 100", "As many sources for each target.";
    "out_degree" Connect, "out_degree 100", "As many targets for each source.";
    "total" Connect, "total 10000", "As many synapses in all.";
    "one_to_one" Connect, "one_to_one", "Each cell to the one of the same index.";
    "all_to_all" Connect, "all_to_all", "Each cell to each.";
    "where" Connect, "where pre.i < post.i", "Each pair for which it holds.";
    "from" Connect, "from load(\"edges.csv\")", "Those that a table lists.";
    "auto" Method, "", "The best method for each equation.";
    "exact" Method, "", "The propagator of linear equations.";
    "exponential_euler" Method, "", "Exact in the variable itself, all others held.";
    "euler" Method, "", "Of first order.";
    "rk2" Method, "", "Runge-Kutta of second order.";
    "rk4" Method, "", "Runge-Kutta of fourth order.";
    "heun" Method, "", "Of second order; noise that is multiplied is read as Stratonovich.";
    "implicit" Method, "", "For stiff linear systems.";
};

#[cfg(test)]
mod tests {
    use super::*;
    use circ_compiler::resolve::builtins;

    #[test]
    fn every_word_of_the_lexer_has_a_meaning() {
        for word in circ_grammar::RESERVED.iter().chain(circ_grammar::CONTEXTUAL) {
            assert!(named(word).next().is_some(), "`{word}` has no meaning here");
        }
    }

    #[test]
    fn every_name_of_the_language_has_a_meaning() {
        let methods = builtins::METHODS.iter().map(|(name, _)| *name);
        let all = builtins::CALLABLE.iter().chain(builtins::VALUES).chain(builtins::SHAPES).copied();
        for word in all.chain(builtins::CONNECTS.iter().copied()).chain(methods) {
            assert!(named(word).next().is_some(), "`{word}` has no meaning here");
        }
    }
}
