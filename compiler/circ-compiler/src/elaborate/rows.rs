//! `store procedural`: whose rows can not be made again for each spike.
//!
//! In: the projections of a net, when all that scales or sets their weights is known. Out: messages.

use circ_plan::plan::RowStorage;

use crate::diagnose::Sink;
use crate::diagnose::build::{Held, store_procedural};
use crate::net;

/// Refuses `store procedural` where rows can not be made one by one.
pub fn refuse(net: &net::Net, sink: &mut Sink) {
    for projection in &net.projections {
        if let Some((RowStorage::Procedural, at)) = projection.rows
            && let Some(because) = held(projection)
        {
            sink.push_unless_said(store_procedural(at, &projection.path, because));
        }
    }
}

/// Why the synapses of a projection have to be held, if they have to.
fn held(net: &net::Projection) -> Option<Held> {
    if let Some(plasticity) = &net.plasticity {
        return Some(Held::Learns(plasticity.span));
    }
    if net.flow.is_some() {
        return Some(Held::Flows);
    }
    if net.both_ways {
        return Some(Held::BothWays);
    }
    if let Some(share) = &net.share {
        return Some(Held::Shares(share.span));
    }
    if net.scaled || net.set {
        return Some(Held::Changes(net.weight_span));
    }
    let way = match net.connect {
        net::Connect::InDegree(_) => "in_degree",
        net::Connect::Total(_) => "total",
        net::Connect::Pairs(_) => "from",
        net::Connect::Probability(_)
        | net::Connect::OutDegree(_)
        | net::Connect::OneToOne
        | net::Connect::AllToAll
        | net::Connect::Where(_) => return None,
    };
    Some(Held::Connects(way, net.connect_span))
}
