#include "postrider/policy/random.h"

namespace postrider {

SeededRandom::SeededRandom(std::uint64_t seed) : engine_(seed) {}

// Not std::uniform_real_distribution: its numbers differ from one standard library to another.
double SeededRandom::Uniform01() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }

}  // namespace postrider
