//! The words and signs of Circ.
//!
//! In: a word as written. Out: its [`Kind`]. One table serves the lexer, the messages and the
//! grammar, so that a word can not be known to one of them only.

/// What a token is; text and place are found by its index.
macro_rules! kinds {
    (reserved { $($reserved:ident $reserved_text:literal)* }
     contextual { $($contextual:ident $contextual_text:literal)* }
     signs { $($sign:ident $sign_text:literal)* }
     other { $($other:ident $other_text:literal)* }) => {
        /// Words that can not be names.
        pub const RESERVED: &[&str] = &[$($reserved_text),*];

        /// Words that are keywords in some places and names in all others.
        pub const CONTEXTUAL: &[&str] = &[$($contextual_text),*];

        /// The kind of a token.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum Kind { $($reserved,)* $($contextual,)* $($sign,)* $($other,)* }

        impl Kind {
            /// The kind of a word: reserved, contextual, or just a name.
            pub fn of_word(word: &str) -> Kind {
                match word {
                    $($reserved_text => Kind::$reserved,)*
                    $($contextual_text => Kind::$contextual,)*
                    _ => Kind::Identifier,
                }
            }

            /// The kind of an operator or bracket.
            pub fn of_sign(sign: &str) -> Option<Kind> {
                match sign { $($sign_text => Some(Kind::$sign),)* _ => None }
            }

            /// Whether this word can not be a name.
            pub fn is_reserved(self) -> bool { matches!(self, $(Kind::$reserved)|*) }

            /// Whether this word is a keyword in some places and a name in all others.
            pub fn is_contextual(self) -> bool { matches!(self, $(Kind::$contextual)|*) }
        }
    };
}

kinds! {
    reserved {
        And "and" Or "or" Not "not" If "if" Then "then" Else "else" In "in" For "for" Where "where" When "when"
        Each "each" Except "except" True "true" False "false" Let "let" Fn "fn" Cell "cell" Circuit "circuit"
        Experiment "experiment" Plasticity "plasticity" Use "use" Pub "pub" Excitatory "excitatory"
        Inhibitory "inhibitory" Modulatory "modulatory"
    }
    contextual {
        Param "param" State "state" Port "port" Segment "segment" Spike "spike" Event "event" On "on" Mode "mode"
        Method "method" Precision "precision" Couple "couple" Refractory "refractory" Enter "enter" Leave "leave"
        Emit "emit" Hold "hold" Drop "drop" No "no" Via "via" By "by"
        Population "population" Projection "projection" Drive "drive" Part "part" Constraints "constraints" Data "data"
        Connect "connect" Weight "weight" Delay "delay" Dendritic "dendritic" Back "back" Polarity "polarity"
        Onto "onto" Share "share" Continuous "continuous" Allow "allow" At "at" From "from" To "to"
        Modulator "modulator" Pre "pre" Post "post" Synapse "synapse" Bounds "bounds" Prune "prune" Grow "grow"
        Rewire "rewire" Transmit "transmit" Store "store" As "as" Lowest "lowest" Highest "highest" Random "random"
        End "end" Every "every" Dale "dale" Require "require" Enforce "enforce" Monitor "monitor" Over "over"
        Stop "stop" Of "of"
        Dt "dt" Seed "seed" Record "record" Run "run" Until "until" Set "set" Fire "fire" Reset "reset"
        Freeze "freeze" Thaw "thaw" Clamp "clamp" Release "release" Silence "silence" Save "save" Load "load"
        Trials "trials" Repeat "repeat" Print "print" Report "report" Expect "expect" Plot "plot" Sweep "sweep"
    }
    signs {
        OpenBrace "{" CloseBrace "}" OpenParen "(" CloseParen ")" OpenBracket "[" CloseBracket "]"
        Comma "," Colon ":" Dot "." DotDot ".." Arrow "->" BothWays "<->" At_ "@" Prime "'"
        Assign "=" AddAssign "+=" SubtractAssign "-=" MultiplyAssign "*="
        Equal "==" NotEqual "!=" Less "<" LessEqual "<=" Greater ">" GreaterEqual ">="
        Plus "+" Minus "-" Star "*" Slash "/" Caret "^"
    }
    other {
        Identifier "a name" Number "a number" Text "a string" Newline "the end of the line" Broken "a mistake"
    }
}

impl Kind {
    /// Whether a line that ends with this token goes on in the next.
    pub fn continues_line(self) -> bool {
        use Kind::*;
        matches!(self, And | Or | Not | Then | Else | In | Comma | Colon) || self.is_operator()
    }

    /// Whether a line that begins with this token belongs to the end of the line above.
    pub fn belongs_above(self) -> bool {
        use Kind::*;
        matches!(self, And | Or | Then | In | Comma | Colon) || self.is_operator()
    }

    /// Signs between two things.
    pub fn is_operator(self) -> bool {
        use Kind::*;
        matches!(
            self,
            Plus | Minus
                | Star
                | Slash
                | Caret
                | Equal
                | NotEqual
                | Less
                | LessEqual
                | Greater
                | GreaterEqual
                | Assign
                | AddAssign
                | SubtractAssign
                | MultiplyAssign
                | Arrow
                | BothWays
                | DotDot
                | Dot
        )
    }

    /// Whether this is a word: a name or a keyword.
    pub fn is_word(self) -> bool {
        self == Kind::Identifier || self.is_reserved() || self.is_contextual()
    }
}
