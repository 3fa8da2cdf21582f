#pragma once

#include <cstdint>
#include <random>

namespace postrider {

/// Where decisions get their chance from, so that tests and simulations can repeat a run.
class RandomSource {
 public:
  virtual ~RandomSource() = default;

  /// A number in [0, 1).
  virtual double Uniform01() = 0;
};

/// The same numbers for the same seed, on every platform. For one thread.
class SeededRandom : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed);

  double Uniform01() override;

 private:
  std::mt19937_64 engine_;
};

}  // namespace postrider
