#include "request_log.h"

#include <gtest/gtest.h>

namespace postrider::partners {
namespace {

SeenRequest Seen(const std::string& key, const std::string& outcome) {
  SeenRequest seen;
  seen.key = key;
  seen.outcome = outcome;
  return seen;
}

TEST(RequestLogTest, CountsOutcomesAndAcceptedKeys) {
  RequestLog log;
  log.Add(Seen("k1", "accepted"));
  log.Add(Seen("k1", "accepted"));
  log.Add(Seen("k2", "limited"));
  const auto json = log.ToJson();
  EXPECT_EQ(json["total"], 3);
  EXPECT_EQ(json["counts"]["accepted"], 2);
  EXPECT_EQ(json["counts"]["limited"], 1);
  EXPECT_EQ(json["keys"]["k1"], 2);
  EXPECT_FALSE(json["keys"].contains("k2"));
  EXPECT_EQ(json["requests"].size(), 3U);
}

TEST(RequestLogTest, KeepsTheLatestAndCountsAll) {
  RequestLog log(2);
  for (const char* key : {"a", "b", "c"}) log.Add(Seen(key, "accepted"));
  const auto json = log.ToJson();
  EXPECT_EQ(json["total"], 3);
  EXPECT_EQ(json["requests"][0]["key"], "b");
}

TEST(RequestLogTest, ForgetsWhenCleared) {
  RequestLog log;
  log.Add(Seen("a", "accepted"));
  log.Clear();
  EXPECT_EQ(log.ToJson()["total"], 0);
  EXPECT_TRUE(log.ToJson()["requests"].empty());
}

}  // namespace
}  // namespace postrider::partners
