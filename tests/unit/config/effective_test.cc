#include "postrider/config/effective.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "loading.h"
#include "mask.h"

namespace postrider {
namespace {

using testing::HasSubstr;
using testing::Not;

// What a text means, as YAML; it must load.
std::string Effective(const std::string& yaml) {
  const auto config = Load(yaml);
  EXPECT_EQ(FormatErrors(config.errors), "") << yaml;
  return RenderEffective(config.settings);
}

TEST(EffectiveTest, MeansTheSameWhenLoadedAgain) {
  for (const std::string& yaml : {
           std::string(),
           ProjectFile("deploy/postrider.yaml"),
           std::string(
               "metrics: {listen: '[::1]:0'}\nignore_topics: ['*']\ndestinations: {d: {topics: "
               "[a], http: {url: 'http://[::1]:80/{{{payload.a.b}}}?x=%20$', idempotency: off, "
               "allow_private: yes, headers: {X-A: 'no', X-B: '$${A}', X-C: '', X-D: {env: "
               "D}, 'x.%&': null}}, retries: {schedule: [1ms, 90s], jitter: 12.5%}, verdict: "
               "{dead: [], hold: [5xx]}, shards: 3}}"),
       }) {
    const std::string once = Effective(yaml);
    EXPECT_EQ(Effective(once), once);
  }
}

TEST(EffectiveTest, WritesEveryDefaultOut) {
  const std::string text = Effective("destinations: {d: {topics: [a], http: {url: 'http://h/'}}}");
  EXPECT_THAT(text, HasSubstr("  lease: 15s\n"));
  EXPECT_THAT(text, HasSubstr("  # threads: the number of cores\n"));
  EXPECT_THAT(text, HasSubstr("    # max_unsettled: the larger of 64 and 2 x concurrency\n"));
  EXPECT_THAT(text, HasSubstr("        after: 8s\n"));
  EXPECT_THAT(text, HasSubstr("    dead_limit: 100/10m\n"));
  EXPECT_THAT(text, HasSubstr("        # size: concurrency\n"));
  EXPECT_THAT(text, HasSubstr("      retry: [3xx, 408, 409, 423, 425, 429, 5xx]\n"));
}

TEST(EffectiveTest, ShowsSecretsByTheirSource) {
  const std::string text = Effective(
      "database: {url: 'postgresql://app:hunter2@h/db'}\ndestinations: {d: {topics: [a], http: "
      "{url: 'http://h/?token=hunter2&a=b', headers: {X-Api-Key: {file: /run/secrets/k}, "
      "Authorization: Bearer hunter2, X-A: b}}}}");
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr("url: \"postgresql://app:***@h/db\""));
  EXPECT_THAT(text, HasSubstr("url: \"http://h/?token=***&a=b\""));
  EXPECT_THAT(text,
              HasSubstr("{Authorization: \"***\", X-A: b, X-Api-Key: {file: /run/secrets/k}}"));
  EXPECT_EQ(Effective(text), text);
}

TEST(MaskTest, FindsThePasswordInEveryFormOfADatabaseUrl) {
  EXPECT_EQ(MaskDatabaseUrl("postgresql:///app"), "postgresql:///app");
  EXPECT_EQ(MaskDatabaseUrl("postgres://u@h,i:5/db"), "postgres://u@h,i:5/db");
  EXPECT_EQ(MaskDatabaseUrl("postgresql://u:p:w@h/db?a=b"), "postgresql://u:***@h/db?a=b");
  EXPECT_EQ(MaskDatabaseUrl("postgresql://h/db?password=x&a=b"),
            "postgresql://h/db?password=***&a=b");
  EXPECT_EQ(MaskDatabaseUrl("host=h password=x dbname=d"), "host=h password=*** dbname=d");
  EXPECT_EQ(MaskDatabaseUrl("password = 'a b\\' c' host=h"), "password = *** host=h");
  EXPECT_EQ(MaskDatabaseUrl("host=h password='never closed"), "host=h password=***");
  EXPECT_EQ(MaskDatabaseUrl("host=h password=a\\ b"), "host=h password=***");
}

TEST(MaskTest, HidesTheCredentialsOfAUrl) {
  EXPECT_EQ(MaskHttpUrl("https://u:p@h/x"), "https://***@h/x");
  EXPECT_EQ(MaskHttpUrl("https://h/x?api_key={{key}}&sig=1"),
            "https://h/x?api_key={{key}}&sig=***");
}

}  // namespace
}  // namespace postrider
