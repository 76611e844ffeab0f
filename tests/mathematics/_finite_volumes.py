"""Fokker-Planck and continuity equations on a line, by finite volumes that keep mass and sign."""

import numpy as np
from scipy.linalg import solve_banded


def bernoulli(z):
    """z / (e^z - 1), the weight of Scharfetter & Gummel 1969 (IEEE Trans. Electron Devices 16)."""
    small = np.abs(z) < 1e-5
    safe = np.where(small, 1.0, z)
    return np.where(small, 1 - z / 2, safe / np.expm1(safe))


class FokkerPlanck:
    """d_t rho = (rho V')' + rho'' on cells of width dx with no flux through the ends, implicit Euler in time.

    Flux from cell i to i + 1: (B(V_(i+1) - V_i) rho_i - B(V_i - V_(i+1)) rho_(i+1)) / dx: zero exactly where
    rho = e^-V up to a factor.
    """

    def __init__(self, potential, dx):
        self.dx = dx
        difference = np.diff(potential)
        self.ahead, self.behind = bernoulli(difference) / dx**2, bernoulli(-difference) / dx**2

    def flux(self, rho):
        return (self.ahead * rho[:-1] - self.behind * rho[1:]) * self.dx

    def step(self, rho, dt):
        bands = np.zeros((3, len(rho)))
        bands[1] = 1
        bands[1, :-1] += dt * self.ahead
        bands[1, 1:] += dt * self.behind
        bands[0, 1:] = -dt * self.behind
        bands[2, :-1] = -dt * self.ahead
        return solve_banded((1, 1), bands, rho)


def upwind_step(rho, velocity, dx, dt):
    """d_t rho + (rho v)' = 0: one explicit upwind step on a ring; velocity (n,) at the right edges of the cells."""
    flux = np.maximum(velocity, 0) * rho + np.minimum(velocity, 0) * np.roll(rho, -1)
    return rho - dt / dx * (flux - np.roll(flux, 1))
