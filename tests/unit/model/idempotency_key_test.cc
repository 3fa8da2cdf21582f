#include "postrider/model/idempotency_key.h"

#include <gtest/gtest.h>

#include <limits>

namespace postrider {
namespace {

EventIdentity Identity(EventId id, std::int64_t recorded_us) {
  return {id, 3, 77, Timestamp(microseconds(recorded_us))};
}

TEST(IdempotencyKeyTest, NamesInstallationEventMomentAndDestination) {
  EXPECT_EQ(IdempotencyKey("k7f3q2ab", Identity(42, 36 * 36 + 35), 5, std::nullopt),
            "k7f3q2ab-42-10z-5");
}

TEST(IdempotencyKeyTest, AppendsTheRunOfAReplayWithANewKey) {
  EXPECT_EQ(IdempotencyKey("k7f3q2ab", Identity(42, 1), 5, 2), "k7f3q2ab-42-1-5-2");
}

TEST(IdempotencyKeyTest, DiffersForAnIdThatWasGivenOutAgain) {
  EXPECT_NE(IdempotencyKey("k7f3q2ab", Identity(42, 1000), 5, std::nullopt),
            IdempotencyKey("k7f3q2ab", Identity(42, 1001), 5, std::nullopt));
}

TEST(IdempotencyKeyTest, DoesNotDependOnWhatAReplayMayChange) {
  EventIdentity other = Identity(42, 1000);
  other.bucket = 7;
  other.xid = 9;
  EXPECT_EQ(IdempotencyKey("k7f3q2ab", Identity(42, 1000), 5, std::nullopt),
            IdempotencyKey("k7f3q2ab", other, 5, std::nullopt));
}

TEST(IdempotencyKeyTest, FitsInto48CharactersForAThousandYearsOfLargeNumbers) {
  const auto year3000 = std::chrono::sys_days(std::chrono::year(3000) / 1 / 1);
  const auto recorded = std::chrono::time_point_cast<microseconds>(year3000).time_since_epoch();
  const std::string key = IdempotencyKey("abcdefgh", Identity(999'999'999'999'999, recorded.count()),
                                         99'999, 99);
  EXPECT_LE(key.size(), 48u);
  EXPECT_EQ(key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string::npos);
}

}  // namespace
}  // namespace postrider
