#include "faults/waiting.h"

#include <thread>

namespace postrider::test {
namespace {

constexpr milliseconds kGlance{10};

}  // namespace

bool Eventually(const std::function<bool()>& condition, milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    LetPass(kGlance);
  }
  return true;
}

bool Always(const std::function<bool()>& condition, milliseconds time) {
  return !Eventually([&] { return !condition(); }, time);
}

void LetPass(milliseconds time) { std::this_thread::sleep_for(time); }

}  // namespace postrider::test
