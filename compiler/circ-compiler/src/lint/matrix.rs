//! Small square matrices, row-major: products, the spectral radius, linear equations.

/// `a b`
pub fn product(n: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    let entry = |r: usize, c: usize| (0..n).map(|k| a[r * n + k] * b[k * n + c]).sum();
    (0..n * n).map(|at| entry(at / n, at % n)).collect()
}

/// `a` plus `factor` times the identity.
pub fn plus_identity(n: usize, a: &[f64], factor: f64) -> Vec<f64> {
    let diagonal = |at: usize| at / n == at % n;
    a.iter().enumerate().map(|(at, x)| if diagonal(at) { x + factor } else { *x }).collect()
}

/// The largest absolute value of an eigenvalue: the limit of `|a^m|^(1/m)` (Gelfand 1941), with `m` a power of two.
pub fn spectral_radius(n: usize, a: &[f64]) -> f64 {
    const SQUARINGS: i32 = 20;
    let mut power = a.to_vec();
    // log |a^m| / m, gathered while the power is kept near 1.
    let mut logarithm = 0.0;
    let mut share = 1.0;
    for _ in 0..SQUARINGS {
        let norm = power.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        if norm == 0.0 {
            return 0.0;
        }
        if !norm.is_finite() {
            return f64::INFINITY;
        }
        logarithm += share * circ_numerics::math::log(norm);
        share *= 0.5;
        let scaled: Vec<f64> = power.iter().map(|x| x / norm).collect();
        power = product(n, &scaled, &scaled);
    }
    circ_numerics::math::exp(logarithm)
}

/// `x` of `a x = b`, by elimination with the largest pivots; `None` where there is no one solution.
pub fn solved(n: usize, mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    for column in 0..n {
        let size = |row: &usize| a[row * n + column].abs();
        let pivot = (column..n).max_by(|x, y| size(x).total_cmp(&size(y)))?;
        if a[pivot * n + column].abs() < 1e-12 {
            return None;
        }
        (0..n).for_each(|k| a.swap(pivot * n + k, column * n + k));
        b.swap(pivot, column);
        for row in (0..n).filter(|row| *row != column) {
            let factor = a[row * n + column] / a[column * n + column];
            for k in column..n {
                a[row * n + k] -= factor * a[column * n + k];
            }
            b[row] -= factor * b[column];
        }
    }
    Some((0..n).map(|row| b[row] / a[row * n + row]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spectral_radius_is_that_of_the_eigenvalues() {
        // Triangular: its eigenvalues are on the diagonal.
        assert!((spectral_radius(2, &[-2.0, 7.0, 0.0, 1.0]) - 2.0).abs() < 1e-4);
        // A rotation by a right angle, halved: eigenvalues ±i/2.
        assert!((spectral_radius(2, &[0.0, -0.5, 0.5, 0.0]) - 0.5).abs() < 1e-4);
        assert_eq!(spectral_radius(2, &[0.0, 1.0, 0.0, 0.0]), 0.0);
    }

    #[test]
    fn linear_equations_are_solved() {
        assert_eq!(solved(2, vec![0.0, 2.0, 1.0, 1.0], vec![4.0, 5.0]), Some(vec![3.0, 2.0]));
        assert_eq!(solved(2, vec![1.0, 1.0, 1.0, 1.0], vec![1.0, 2.0]), None);
    }
}
