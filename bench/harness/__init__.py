# SPDX-License-Identifier: Apache-2.0
"""What scripts/bench is made of: programs and where they run, workloads with their goals, and what is told of them."""
