//! What the standard library holds, for messages about names that a file does not know.
//!
//! In: an unknown name and the kind of thing that is due. Out: the `use` line that brings it in. The library's files are
//! the host's, so that their names are listed here; a test beside them holds the list to the files.

use super::suggest;

/// The file below `std`, the kind, the name.
pub const LIBRARY: &[(&str, &str, &str)] = &[
    ("cells", "cell", "LifDelta"),
    ("cells", "cell", "LifCurrent"),
    ("cells", "cell", "LifAlpha"),
    ("cells", "cell", "LifConductance"),
    ("cells", "cell", "AdEx"),
    ("cells", "cell", "Izhikevich"),
    ("cells", "cell", "RegularSpiking"),
    ("cells", "cell", "IntrinsicallyBursting"),
    ("cells", "cell", "Chattering"),
    ("cells", "cell", "FastSpiking"),
    ("cells", "cell", "HodgkinHuxley"),
    ("cells", "cell", "Gif"),
    ("cells", "cell", "PoissonSource"),
    ("dendrites", "cell", "CoincidenceCell"),
    ("dendrites", "cell", "NmdaCell"),
    ("dendrites", "cell", "PlateauCell"),
    ("dendrites", "cell", "BacPyramidal"),
    ("dendrites", "cell", "BallAndStick"),
    ("hebbian", "cell", "SendingUnit"),
    ("hebbian", "plasticity rule", "Hebb"),
    ("hebbian", "plasticity rule", "AntiHebb"),
    ("hebbian", "plasticity rule", "Oja"),
    ("hebbian", "plasticity rule", "Bcm"),
    ("homeostasis", "cell", "AdaptiveThreshold"),
    ("homeostasis", "cell", "IntrinsicUnit"),
    ("homeostasis", "plasticity rule", "SynapticScaling"),
    ("plasticity", "cell", "DopaminePool"),
    ("plasticity", "plasticity rule", "AdditiveStdp"),
    ("plasticity", "plasticity rule", "NearestStdp"),
    ("plasticity", "plasticity rule", "MultiplicativeStdp"),
    ("plasticity", "plasticity rule", "VanRossumStdp"),
    ("plasticity", "plasticity rule", "PowerStdp"),
    ("plasticity", "plasticity rule", "PowerLawStdp"),
    ("plasticity", "plasticity rule", "SymmetricStdp"),
    ("plasticity", "plasticity rule", "InhibitoryStdp"),
    ("plasticity", "plasticity rule", "TripletStdp"),
    ("plasticity", "plasticity rule", "NearestTripletStdp"),
    ("plasticity", "plasticity rule", "HippocampalTripletStdp"),
    ("plasticity", "plasticity rule", "HippocampalNearestTripletStdp"),
    ("plasticity", "plasticity rule", "MinimalTripletStdp"),
    ("plasticity", "plasticity rule", "MinimalNearestTripletStdp"),
    ("plasticity", "plasticity rule", "HippocampalMinimalTripletStdp"),
    ("plasticity", "plasticity rule", "HippocampalMinimalNearestTripletStdp"),
    ("plasticity", "plasticity rule", "VoltageStdp"),
    ("plasticity", "plasticity rule", "RewardStdp"),
    ("plasticity", "plasticity rule", "RewardEventStdp"),
    ("plasticity", "plasticity rule", "DeltaRule"),
    ("plasticity", "plasticity rule", "ErrorRule"),
    ("plasticity", "plasticity rule", "ExponentiatedGradient"),
    ("plasticity", "plasticity rule", "PlateauPlasticity"),
    ("plasticity", "plasticity rule", "BidirectionalPlateauPlasticity"),
    ("plasticity", "plasticity rule", "DelayShift"),
    ("rates", "cell", "LinearUnit"),
    ("rates", "cell", "TanhUnit"),
    ("rates", "cell", "ReluUnit"),
    ("rates", "cell", "LeakyIntegrator"),
    ("rates", "cell", "WilsonCowan"),
    ("rates", "cell", "WilsonCowanPair"),
    ("rates", "cell", "WinnerUnit"),
    ("short_term", "plasticity rule", "TsodyksMarkram"),
    ("short_term", "plasticity rule", "TsodyksMarkramDepression"),
    ("short_term", "plasticity rule", "DynamicSynapse"),
];

/// Names from the literature and other tools, for what goes by another name here.
const ALSO_CALLED: &[(&str, &str)] = &[
    ("Stdp", "AdditiveStdp"),
    ("PairStdp", "AdditiveStdp"),
    ("SpikePairRule", "AdditiveStdp"),
    ("GuetigStdp", "PowerStdp"),
    ("GutigStdp", "PowerStdp"),
    ("PfisterGerstner", "TripletStdp"),
    ("ClopathStdp", "VoltageStdp"),
    ("Clopath", "VoltageStdp"),
    ("VogelsStdp", "InhibitoryStdp"),
    ("VogelsSprekeler", "InhibitoryStdp"),
    ("InhibitoryPlasticity", "InhibitoryStdp"),
    ("DopamineStdp", "RewardStdp"),
    ("RStdp", "RewardStdp"),
    ("Btsp", "PlateauPlasticity"),
    ("Stp", "TsodyksMarkram"),
    ("ShortTermPlasticity", "TsodyksMarkram"),
    ("Depression", "TsodyksMarkramDepression"),
    ("Foldiak", "AntiHebb"),
    ("HomeostaticScaling", "SynapticScaling"),
    ("Lif", "LifCurrent"),
    ("LeakyIntegrateAndFire", "LifCurrent"),
    ("IfCurrExp", "LifCurrent"),
    ("IfCondExp", "LifConductance"),
    ("AdaptiveExponential", "AdEx"),
];

/// What to type for a name of this kind (as in [`unknown_name`](super::names::unknown_name)), if the library has it.
pub fn offered(name: &str, wanted: &str) -> Option<String> {
    let of_kind = || LIBRARY.iter().filter(|(_, kind, _)| *kind == wanted);
    let known = of_kind().map(|(.., name)| *name);
    let called = ALSO_CALLED.iter().filter(|(_, here)| of_kind().any(|it| it.2 == *here)).map(|it| it.0);
    let near = match known.clone().chain(called.clone()).any(|known| known == name) {
        true => name.to_string(),
        false => suggest::nearest(name, known.chain(called))?,
    };
    let here = ALSO_CALLED.iter().find(|(there, _)| **there == near).map_or(&*near, |it| it.1);
    let (file, ..) = of_kind().find(|it| it.2 == here)?;
    let line = format!("`use std.{file}.{here}`");
    Some(match here == name {
        true => format!("it is in the library: write {line} at the top of the file"),
        false => format!("the library has `{here}`: write {line} at the top of the file"),
    })
}

/// The file of the library that holds a name, whatever its kind: `std.hebbian`.
pub fn home(name: &str) -> Option<String> {
    LIBRARY.iter().find(|it| it.2 == name).map(|(file, ..)| format!("std.{file}"))
}

/// What the library calls something that is called so elsewhere, and the file that holds it.
pub fn called_here(name: &str) -> Option<(String, &'static str)> {
    let (_, here) = ALSO_CALLED.iter().find(|(there, _)| *there == name)?;
    Some((home(here)?, here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_library_comes_with_its_line() {
        let rule = |name| offered(name, "plasticity rule");
        assert!(
            rule("Oja").is_some_and(|it| it.contains("it is in the library: write `use std.hebbian.Oja`"))
        );
        assert!(rule("TripletSTDP").is_some_and(|it| it.contains("`use std.plasticity.TripletStdp`")));
        assert!(rule("STDP").is_some_and(|it| it.contains("`use std.plasticity.AdditiveStdp`")));
        assert_eq!(rule("LifCurrent"), None);
        assert!(offered("Lif", "cell").is_some_and(|it| it.contains("`use std.cells.LifCurrent`")));
        assert_eq!(offered("Pyramid", "cell"), None);
    }

    #[test]
    fn what_is_called_otherwise_is_there() {
        for (_, here) in ALSO_CALLED {
            assert!(home(here).is_some(), "{here}");
        }
        assert_eq!(called_here("Lif"), Some(("std.cells".to_string(), "LifCurrent")));
        assert_eq!(called_here("LifCurrent"), None);
    }
}
