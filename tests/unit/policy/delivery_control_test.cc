#include "postrider/policy/delivery_control.h"

#include <gtest/gtest.h>

#include "postrider/policy/verdict.h"

namespace postrider {
namespace {

DeliveryControl Read(const std::string& value) {
  return ReadDeliveryControl({{"content-type", "disable"}, {"webhook-delivery", value}});
}

Verdict Judge(int status, const std::string& value, const VerdictSettings& settings = {}) {
  HttpAnswer answer;
  answer.status = status;
  answer.headers = {{"webhook-delivery", value}};
  answer.maybe_sent = true;
  return VerdictPolicy(settings).Judge(answer);
}

TEST(DeliveryControlTest, KnowsTwoWords) {
  EXPECT_EQ(Read("disable"), (DeliveryControl{.disable = true}));
  EXPECT_EQ(Read("abort-message"), (DeliveryControl{.abort_message = true}));
  EXPECT_EQ(Read(" Abort-Message ,\tDISABLE"),
            (DeliveryControl{.disable = true, .abort_message = true}));
  EXPECT_EQ(
      ReadDeliveryControl({{"webhook-delivery", "abort-message"}, {"webhook-delivery", "disable"}}),
      (DeliveryControl{.disable = true, .abort_message = true}));
}

TEST(DeliveryControlTest, IsDeafToEverythingElse) {
  for (const std::string& value :
       {std::string(), std::string(","), std::string(" , ,"), std::string("disabled"),
        std::string("no-disable"), std::string("disable now"), std::string("\"disable\""),
        std::string("abort_message"), std::string("5f0c8a1e-52a1-4bb5-a5c5-6f2d4c2b3f10"),
        std::string("disable\0", 8), std::string(100000, ','), std::string(100000, 'd')}) {
    EXPECT_EQ(Read(value), DeliveryControl{}) << value.substr(0, 40);
  }
  EXPECT_EQ(ReadDeliveryControl({}), DeliveryControl{});
}

TEST(DeliveryControlTest, DisableStopsTheDestinationWhateverBecomesOfTheEvent) {
  for (const int status : {200, 401, 410, 429, 500, 502}) {
    Verdict expected = Judge(status, "");
    expected.stop = StopSign::kDisable;
    EXPECT_EQ(Judge(status, "disable"), expected) << status;
  }
}

TEST(DeliveryControlTest, AbortMessageMakesADeadLetterOfWhatWouldBeTriedAgain) {
  EXPECT_EQ(Judge(503, "abort-message"),
            (Verdict{.kind = VerdictKind::kDead, .failure = FailureClass::kHttp5xx}));
  EXPECT_EQ(Judge(429, "abort-message"),
            (Verdict{.kind = VerdictKind::kDead, .failure = FailureClass::kHttp429}));
  EXPECT_EQ(
      Judge(504, "abort-message"),
      (Verdict{.kind = VerdictKind::kDead, .failure = FailureClass::kHttp5xx, .unknown = true}))
      << "it may have acted all the same";
}

TEST(DeliveryControlTest, AbortMessageChangesNothingElse) {
  for (const int status : {200, 204, 400, 401, 403, 410}) {
    EXPECT_EQ(Judge(status, "abort-message"), Judge(status, "")) << status;
  }
}

TEST(DeliveryControlTest, NothingIsReadOutOfAnAnswerThatBrokeOff) {
  HttpAnswer answer;
  answer.status = 500;
  answer.headers = {{"webhook-delivery", "disable, abort-message"}};
  answer.failure = FailureClass::kReset;
  answer.maybe_sent = true;
  const Verdict verdict = VerdictPolicy(VerdictSettings{}).Judge(answer);
  EXPECT_EQ(verdict.kind, VerdictKind::kRetry);
  EXPECT_EQ(verdict.stop, StopSign::kNone);
  answer.failure = FailureClass::kProxy;
  EXPECT_EQ(VerdictPolicy(VerdictSettings{}).Judge(answer).stop, StopSign::kNone)
      << "a proxy of ours is not the partner";
}

TEST(DeliveryControlTest, MayBeSwitchedOff) {
  const VerdictSettings off{.delivery_control = false};
  for (const int status : {200, 503, 410}) {
    EXPECT_EQ(Judge(status, "disable, abort-message", off), Judge(status, "", off)) << status;
  }
}

}  // namespace
}  // namespace postrider
