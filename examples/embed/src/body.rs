//! A swimmer's body: a chain of links in a fluid in which there is no inertia.
//!
//! In: a torque at each joint. Out: how far the joints are bent, and where the body is. Joints follow their torques with a time
//! constant, `tau q' = torque * limit - q`; the fluid resists each piece of a link, more across than along it (resistive force
//! theory; Gray & Hancock 1955). At each instant forces and torques add up to nothing, which is three equations for the velocity of
//! the first link.

use std::f64::consts::TAU;

/// Joints.
pub const JOINTS: usize = 5;
const LINKS: usize = JOINTS + 1;
const LENGTH: f64 = 1.0 / LINKS as f64;
/// The furthest that a joint bends.
pub const LIMIT: f64 = TAU / LINKS as f64;
/// In s.
const TIME_CONSTANT: f64 = 0.25;
/// Resistance along and across, per length.
const ALONG: f64 = 1.0;
const ACROSS: f64 = 10.0;
/// Steps of integration in one step of control.
const SUBSTEPS: usize = 4;

/// The body: lengths in body lengths, times in s.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// The angle of each joint.
    pub bent: [f64; JOINTS],
    /// The middle of the first link, and its direction.
    head: [f64; 2],
    direction: f64,
}

impl Body {
    /// Lets torques act for a time.
    pub fn act(&mut self, torques: [f64; JOINTS], seconds: f64) {
        let step = seconds / SUBSTEPS as f64;
        for _ in 0..SUBSTEPS {
            let mut bending = [0.0; JOINTS];
            for joint in 0..JOINTS {
                bending[joint] = (torques[joint] * LIMIT - self.bent[joint]) / TIME_CONSTANT;
            }
            let [x, y, turn] = self.carried(bending);
            self.head[0] += step * x;
            self.head[1] += step * y;
            self.direction += step * turn;
            (0..JOINTS).for_each(|joint| self.bent[joint] += step * bending[joint]);
        }
    }

    /// The mean of all points of the body.
    pub fn middle(&self) -> [f64; 2] {
        let mut sum = [0.0; 2];
        for (at, _) in self.links() {
            sum = [sum[0] + at[0] / LINKS as f64, sum[1] + at[1] / LINKS as f64];
        }
        sum
    }

    /// The middle and the direction of every link, from the head on.
    fn links(&self) -> [([f64; 2], f64); LINKS] {
        let mut links = [(self.head, self.direction); LINKS];
        for link in 1..LINKS {
            let (at, before) = links[link - 1];
            let now = before + self.bent[link - 1];
            let half = LENGTH / 2.0;
            // The next link hangs behind.
            let x = at[0] - half * (before.cos() + now.cos());
            let y = at[1] - half * (before.sin() + now.sin());
            links[link] = ([x, y], now);
        }
        links
    }

    /// The velocity of the first link that leaves no force and no torque.
    fn carried(&self, bending: [f64; JOINTS]) -> [f64; 3] {
        let links = self.links();
        // The velocity of each link is linear in that of the first: columns for x, y, turning, and what bending adds.
        let mut motions = [[[0.0; 3]; 4]; LINKS];
        for (unit, motion) in
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0; 3]].into_iter().enumerate()
        {
            let mut velocity = motion;
            motions[0][unit] = velocity;
            for link in 1..LINKS {
                let (before, now) = (links[link - 1].1, links[link].1);
                let turning = velocity[2] + if unit == 3 { bending[link - 1] } else { 0.0 };
                let half = LENGTH / 2.0;
                velocity[0] += half * (velocity[2] * before.sin() + turning * now.sin());
                velocity[1] -= half * (velocity[2] * before.cos() + turning * now.cos());
                velocity[2] = turning;
                motions[link][unit] = velocity;
            }
        }
        let mut equations = [[0.0; 4]; 3];
        for (link, (at, direction)) in links.into_iter().enumerate() {
            let (cos, sin) = (direction.cos(), direction.sin());
            for unit in 0..4 {
                let [x, y, turning] = motions[link][unit];
                let (along, across) = (x * cos + y * sin, y * cos - x * sin);
                let (pull, push) = (-ALONG * LENGTH * along, -ACROSS * LENGTH * across);
                let force = [pull * cos - push * sin, pull * sin + push * cos];
                let own = -ACROSS * LENGTH.powi(3) / 12.0 * turning;
                let torque = own + (at[0] - self.head[0]) * force[1] - (at[1] - self.head[1]) * force[0];
                equations[0][unit] += force[0];
                equations[1][unit] += force[1];
                equations[2][unit] += torque;
            }
        }
        solved(equations)
    }
}

/// The solution of three equations `a x + b y + c z + d = 0`, by elimination with the largest pivot.
fn solved(mut equations: [[f64; 4]; 3]) -> [f64; 3] {
    for column in 0..3 {
        let size = |row: &usize| equations[*row][column].abs();
        let pivot = (column..3).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or(column);
        equations.swap(column, pivot);
        let chosen = equations[column];
        for (_, equation) in equations.iter_mut().enumerate().filter(|(row, _)| *row != column) {
            let factor = equation[column] / chosen[column];
            equation.iter_mut().zip(chosen).for_each(|(own, other)| *own -= factor * other);
        }
    }
    [0, 1, 2].map(|row| -equations[row][3] / equations[row][row])
}
