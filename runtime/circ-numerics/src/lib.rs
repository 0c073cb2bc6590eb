//! The mathematics that every engine shares, bit for bit: exp and its like, random numbers, matrix exponentials.
