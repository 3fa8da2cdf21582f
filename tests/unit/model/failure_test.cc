#include "postrider/model/failure.h"

#include <gtest/gtest.h>

#include <string>

namespace postrider {
namespace {

TEST(FailureTest, KnowsEveryWordOfTheContract) {
  for (const char* word :
       {"dns", "connect", "connect_timeout", "tls", "timeout", "reset", "protocol", "too_large",
        "blocked_address", "proxy", "token", "local", "http_3xx", "http_4xx", "http_408",
        "http_409", "http_429", "http_5xx", "unauthorized", "answer", "unreadable", "template",
        "sql", "relay_lost", "verify_failed"}) {
    const auto failure = FailureClassFromString(word);
    ASSERT_TRUE(failure) << word;
    EXPECT_EQ(ToString(*failure), word);
  }
}

TEST(FailureTest, KnowsNoOtherWord) {
  EXPECT_FALSE(FailureClassFromString(""));
  EXPECT_FALSE(FailureClassFromString("ok"));
  EXPECT_FALSE(FailureClassFromString("DNS"));
}

TEST(FailureTest, ClassifiesStatuses) {
  EXPECT_EQ(ClassOfStatus(401), FailureClass::kUnauthorized);
  EXPECT_EQ(ClassOfStatus(403), FailureClass::kUnauthorized);
  EXPECT_EQ(ClassOfStatus(408), FailureClass::kHttp408);
  EXPECT_EQ(ClassOfStatus(409), FailureClass::kHttp409);
  EXPECT_EQ(ClassOfStatus(429), FailureClass::kHttp429);
  EXPECT_EQ(ClassOfStatus(418), FailureClass::kHttp4xx);
  EXPECT_EQ(ClassOfStatus(302), FailureClass::kHttp3xx);
  EXPECT_EQ(ClassOfStatus(599), FailureClass::kHttp5xx);
}

TEST(FailureTest, TakesAnAnswerThatWasNotAcceptedUnderAFineStatus) {
  EXPECT_EQ(ClassOfStatus(200), FailureClass::kAnswer);
}

TEST(FailureTest, TakesAStatusOutsideHttpForAProtocolError) {
  EXPECT_EQ(ClassOfStatus(101), FailureClass::kProtocol);
  EXPECT_EQ(ClassOfStatus(700), FailureClass::kProtocol);
}

TEST(FailureTest, BlamesOurSideForItsOwnFaultsOnly) {
  EXPECT_TRUE(IsOurFault(FailureClass::kProxy));
  EXPECT_TRUE(IsOurFault(FailureClass::kToken));
  EXPECT_TRUE(IsOurFault(FailureClass::kLocal));
  EXPECT_TRUE(IsOurFault(FailureClass::kBlockedAddress));
  EXPECT_FALSE(IsOurFault(FailureClass::kDns));
  EXPECT_FALSE(IsOurFault(FailureClass::kTimeout));
}

TEST(FailureTest, KnowsWhatWasSurelyNotSent) {
  for (const auto failure : {FailureClass::kDns, FailureClass::kConnect,
                             FailureClass::kConnectTimeout, FailureClass::kTls,
                             FailureClass::kBlockedAddress}) {
    EXPECT_TRUE(IsKnownNotSent(failure)) << ToString(failure);
  }
  for (const auto failure :
       {FailureClass::kTimeout, FailureClass::kReset, FailureClass::kHttp5xx}) {
    EXPECT_FALSE(IsKnownNotSent(failure)) << ToString(failure);
  }
}

}  // namespace
}  // namespace postrider
