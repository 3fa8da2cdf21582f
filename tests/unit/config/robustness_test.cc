#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "loading.h"
#include "postrider/config/effective.h"

namespace postrider {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 1500;

/// Changes a text at random places, with what means something in YAML.
class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::string Mutate(std::string text) {
    for (std::size_t change = 0; change <= Below(4); ++change) ChangeOnce(text);
    return text;
  }

 private:
  std::size_t Below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

  void ChangeOnce(std::string& text) {
    static const std::vector<std::string> kPieces{"{",      "}",
                                                  "[",      "]",
                                                  ": ",     "- ",
                                                  "\"",     "'",
                                                  "&a ",    "*a",
                                                  "<<: *a", "\n",
                                                  "  ",     "\t",
                                                  "#",      "|",
                                                  ">",      "!x",
                                                  "%",      "${",
                                                  "}}",     "{{",
                                                  "null",   "~",
                                                  "0",      "999999999999999999999",
                                                  "\x80",   "\xF0\x9F\x98\x80",
                                                  "? ",     "---\n",
                                                  "...\n",  ","};
    if (text.empty()) return;
    const std::size_t at = Below(text.size());
    const std::size_t length = std::min(Below(20), text.size() - at);
    switch (Below(5)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, kPieces[Below(kPieces.size())]);
        break;
      case 3:
        text.insert(Below(text.size()), text.substr(at, length));
        break;
      default:
        text[at] = static_cast<char>(Below(256));
    }
  }

  std::mt19937 random_;
};

TEST(RobustnessTest, AnswersEveryMutationOfTheSampleWithSettingsOrErrors) {
  const unsigned seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::cout << "seed " << seed << std::endl;
  Mutator mutator(seed);
  const std::string sample = ProjectFile("deploy/postrider.yaml");
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = mutator.Mutate(sample);
    const auto start = Clock::now();
    const auto config = Load(text);
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(10)) << text;
    for (const auto& error : config.errors) {
      EXPECT_GE(error.line, 1) << error.message;
      EXPECT_GE(error.column, 1) << error.message;
      EXPECT_FALSE(error.message.empty());
    }
    if (!config.errors.empty()) continue;
    const std::string once = RenderEffective(config.settings);
    EXPECT_EQ(RenderEffective(Load(once).settings), once) << text;
  }
}

TEST(RobustnessTest, AnswersEveryBeginningOfTheSample) {
  const std::string sample = ProjectFile("deploy/postrider.yaml");
  for (std::size_t length = 0; length < sample.size(); length += 7) {
    const auto config = Load(sample.substr(0, length));
    EXPECT_TRUE(std::is_sorted(config.errors.begin(), config.errors.end(),
                               [](const auto& a, const auto& b) { return a.line < b.line; }));
  }
}

TEST(RobustnessTest, RefusesDeepNesting) {
  for (const std::string part : {"[", "{a: ", "- "}) {
    std::string text;
    for (int depth = 0; depth < 20000; ++depth) text += part;
    EXPECT_FALSE(Load(text).errors.empty()) << part;
  }
}

}  // namespace
}  // namespace postrider
