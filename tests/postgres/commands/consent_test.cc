#include "commands/consent.h"

#include <gtest/gtest.h>

#include <sstream>

namespace postrider {
namespace {

Consent Answer(const std::string& answer, const ConsentOptions& options = {}) {
  std::istringstream in(answer);
  std::ostringstream out;
  return AskConsent(options, "Replay 3 dead letters?", in, out, true);
}

TEST(ConsentTest, OnlyAnExplicitYesCounts) {
  EXPECT_EQ(Answer("y\n"), Consent::kGiven);
  EXPECT_EQ(Answer("yes\n"), Consent::kGiven);
  EXPECT_EQ(Answer("n\n"), Consent::kDeclined);
  EXPECT_EQ(Answer("\n"), Consent::kDeclined);
  EXPECT_EQ(Answer("yesterday\n"), Consent::kDeclined);
  EXPECT_EQ(Answer(""), Consent::kDeclined);
}

TEST(ConsentTest, AsksWithTheQuestion) {
  std::istringstream in("y\n");
  std::ostringstream out;
  AskConsent({}, "Replay 3 dead letters?", in, out, true);
  EXPECT_EQ(out.str(), "Replay 3 dead letters? [y/N] ");
}

TEST(ConsentTest, OptionsAnswerBeforehand) {
  EXPECT_EQ(Answer("n\n", {.yes = true}), Consent::kGiven);
  EXPECT_EQ(Answer("y\n", {.dry_run = true}), Consent::kDryRun);
}

TEST(ConsentTest, WithoutATerminalNobodyIsAsked) {
  std::istringstream in("y\n");
  std::ostringstream out;
  EXPECT_EQ(AskConsent({}, "?", in, out, false), Consent::kNobodyThere);
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace postrider
