#include "postrider/policy/verdict.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace postrider {
namespace {

Verdict JudgeStatus(int status, const VerdictSettings& settings = {}) {
  HttpAnswer answer;
  answer.status = status;
  answer.maybe_sent = true;
  return VerdictPolicy(settings).Judge(answer);
}

Verdict JudgeFailure(FailureClass failure, bool maybe_sent, int status = 0) {
  HttpAnswer answer;
  answer.status = status;
  answer.failure = failure;
  answer.maybe_sent = maybe_sent;
  return VerdictPolicy(VerdictSettings{}).Judge(answer);
}

TEST(VerdictPolicyTest, TakesEvery2xxAsDelivered) {
  for (int status = 200; status < 300; ++status) {
    EXPECT_EQ(JudgeStatus(status), (Verdict{.kind = VerdictKind::kDelivered})) << status;
  }
}

TEST(VerdictPolicyTest, NeverTakesARedirectAsDelivered) {
  for (const int status : {301, 302, 303, 307, 308}) {
    EXPECT_EQ(JudgeStatus(status),
              (Verdict{.kind = VerdictKind::kRetry, .failure = FailureClass::kHttp3xx}))
        << status;
  }
}

TEST(VerdictPolicyTest, RetriesWhatMayPass) {
  EXPECT_EQ(JudgeStatus(408).kind, VerdictKind::kRetry);
  EXPECT_EQ(JudgeStatus(409).failure, FailureClass::kHttp409);
  EXPECT_EQ(JudgeStatus(423).kind, VerdictKind::kRetry);
  EXPECT_EQ(JudgeStatus(425).kind, VerdictKind::kRetry);
  EXPECT_EQ(JudgeStatus(429).failure, FailureClass::kHttp429);
  EXPECT_EQ(JudgeStatus(503).failure, FailureClass::kHttp5xx);
}

TEST(VerdictPolicyTest, HoldsWithoutChargeWhenCredentialsAreRefused) {
  for (const int status : {401, 403}) {
    EXPECT_EQ(JudgeStatus(status), (Verdict{.kind = VerdictKind::kHold,
                                            .failure = FailureClass::kUnauthorized,
                                            .charged = false}));
  }
}

TEST(VerdictPolicyTest, TakesOther4xxAsDead) {
  for (const int status : {400, 404, 413, 422}) {
    EXPECT_EQ(JudgeStatus(status),
              (Verdict{.kind = VerdictKind::kDead, .failure = FailureClass::kHttp4xx}))
        << status;
  }
}

TEST(VerdictPolicyTest, TakesA410AsASignThatNobodyIsThereAnyMore) {
  EXPECT_EQ(JudgeStatus(410), (Verdict{.kind = VerdictKind::kDead,
                                       .failure = FailureClass::kHttp4xx,
                                       .stop = StopSign::kGone}));
  EXPECT_EQ(JudgeFailure(FailureClass::kTooLarge, true, 410).stop, StopSign::kGone);
  const auto sign = [](const VerdictSettings& settings) { return JudgeStatus(410, settings).stop; };
  EXPECT_EQ(sign({.rules = {{"410", VerdictKind::kDelivered}}}), StopSign::kNone);
  EXPECT_EQ(sign({.rules = {{"410", VerdictKind::kRetry}}}), StopSign::kNone);
  EXPECT_EQ(sign({.gone = {}}), StopSign::kNone);
  EXPECT_EQ(sign({.gone = {"404"}}), StopSign::kNone);
  EXPECT_EQ(sign({.gone = {"404", "41x"}}), StopSign::kGone);
}

TEST(VerdictPolicyTest, ARuleOnTheAnswerMayHaveAnotherMindOfA410) {
  VerdictSettings settings;
  settings.answer = {{.status = "410",
                      .part = AnswerPart::kText,
                      .name = "MOVED",
                      .verdict = VerdictKind::kRetry}};
  HttpAnswer answer;
  answer.status = 410;
  answer.body = "MOVED";
  EXPECT_EQ(VerdictPolicy(settings).Judge(answer).stop, StopSign::kNone);
  answer.body = "END";
  EXPECT_EQ(VerdictPolicy(settings).Judge(answer).stop, StopSign::kGone);
}

TEST(VerdictPolicyTest, AQuestionIsNotAboutTheDestination) {
  VerifySettings verify;
  verify.missing = {"410"};
  const VerdictPolicy findings(VerificationRules(verify));
  HttpAnswer answer;
  answer.status = 410;
  answer.headers = {{"webhook-delivery", "disable"}};
  EXPECT_EQ(findings.Judge(answer),
            (Verdict{.kind = VerdictKind::kDead, .failure = FailureClass::kHttp4xx}));
}

TEST(VerdictPolicyTest, TriesAnUnknownStatusAgain) {
  EXPECT_EQ(
      JudgeStatus(503, {.rules = {{"503", VerdictKind::kUnknown}}}),
      (Verdict{.kind = VerdictKind::kRetry, .failure = FailureClass::kHttp5xx, .unknown = true}));
}

TEST(VerdictPolicyTest, DoesNotKnowWhatBecameOfARequestThatAGatewayLost) {
  EXPECT_TRUE(JudgeStatus(502).unknown);
  EXPECT_TRUE(JudgeStatus(504).unknown);
  EXPECT_FALSE(JudgeStatus(500).unknown);
  EXPECT_FALSE(JudgeStatus(503).unknown);
}

TEST(VerdictPolicyTest, LetsTheMostExactRuleWinWhateverTheOrder) {
  const VerdictSettings settings{.rules = {{"404", VerdictKind::kDelivered},
                                           {"4xx", VerdictKind::kRetry},
                                           {"40x", VerdictKind::kDead}}};
  EXPECT_EQ(JudgeStatus(404, settings).kind, VerdictKind::kDelivered);
  EXPECT_EQ(JudgeStatus(405, settings).kind, VerdictKind::kDead);
  EXPECT_EQ(JudgeStatus(410, settings).kind, VerdictKind::kRetry);
}

TEST(VerdictPolicyTest, RetriesAStatusWithoutARule) {
  EXPECT_EQ(JudgeStatus(600),
            (Verdict{.kind = VerdictKind::kRetry, .failure = FailureClass::kProtocol}));
  EXPECT_EQ(JudgeStatus(404, VerdictSettings{.rules = {}}),
            (Verdict{.kind = VerdictKind::kRetry, .failure = FailureClass::kHttp4xx}));
}

TEST(VerdictPolicyTest, RetriesAStatusThatIsNone) {
  for (const int status : {-1, 0, 99, 1000}) {
    EXPECT_EQ(JudgeStatus(status).kind, VerdictKind::kRetry) << status;
    EXPECT_EQ(JudgeStatus(status).failure, FailureClass::kProtocol) << status;
  }
}

TEST(VerdictPolicyTest, ChargesFailuresOfTheNetwork) {
  EXPECT_EQ(JudgeFailure(FailureClass::kConnect, false),
            (Verdict{.kind = VerdictKind::kRetry, .failure = FailureClass::kConnect}));
  EXPECT_EQ(
      JudgeFailure(FailureClass::kTimeout, true),
      (Verdict{.kind = VerdictKind::kRetry, .failure = FailureClass::kTimeout, .unknown = true}));
}

TEST(VerdictPolicyTest, KnowsThatAFailedHandshakeSentNothing) {
  EXPECT_FALSE(JudgeFailure(FailureClass::kTls, true).unknown);
  EXPECT_FALSE(JudgeFailure(FailureClass::kReset, false).unknown);
  EXPECT_TRUE(JudgeFailure(FailureClass::kReset, true).unknown);
}

TEST(VerdictPolicyTest, ChargesNothingForOurOwnFaults) {
  for (const FailureClass failure : {FailureClass::kProxy, FailureClass::kToken,
                                     FailureClass::kLocal, FailureClass::kBlockedAddress}) {
    const Verdict verdict = JudgeFailure(failure, false);
    EXPECT_EQ(verdict.kind, VerdictKind::kRetry);
    EXPECT_FALSE(verdict.charged) << ToString(failure);
  }
}

TEST(VerdictPolicyTest, DoesNotTrustADeliveredStatusWhoseBodyBrokeOff) {
  const Verdict verdict = JudgeFailure(FailureClass::kReset, true, 200);
  EXPECT_EQ(verdict.kind, VerdictKind::kRetry);
  EXPECT_TRUE(verdict.unknown);
}

TEST(VerdictPolicyTest, JudgesATooLargeAnswerByAStatusThatRefuses) {
  EXPECT_EQ(JudgeFailure(FailureClass::kTooLarge, true, 404).kind, VerdictKind::kDead);
  EXPECT_EQ(JudgeFailure(FailureClass::kTooLarge, true, 401).kind, VerdictKind::kHold);
}

TEST(VerdictPolicyTest, RetriesATooLargeAnswerWithADeliveredStatus) {
  EXPECT_EQ(
      JudgeFailure(FailureClass::kTooLarge, true, 200),
      (Verdict{.kind = VerdictKind::kRetry, .failure = FailureClass::kTooLarge, .unknown = true}));
}

TEST(VerdictPolicyTest, TakesADeliveredStatusWhoseBodyBrokeOffAsTheSettingSays) {
  HttpAnswer answer;
  answer.failure = FailureClass::kReset;
  answer.status = 200;
  answer.maybe_sent = true;
  const auto judge = [&](VerdictKind unreadable) {
    return VerdictPolicy(VerdictSettings{.unreadable = unreadable}).Judge(answer);
  };
  EXPECT_EQ(judge(VerdictKind::kDelivered), (Verdict{.kind = VerdictKind::kDelivered}));
  EXPECT_EQ(judge(VerdictKind::kRetry),
            (Verdict{.kind = VerdictKind::kRetry, .failure = FailureClass::kReset}));
  answer.status = 500;
  EXPECT_TRUE(judge(VerdictKind::kDelivered).unknown);
}

TEST(VerdictPolicyTest, RefusesWhatIsNotAPattern) {
  for (const char* text : {"", "4", "4x", "x04", "4x4", "044", "4XX", "40400", "0xx"}) {
    EXPECT_FALSE(VerdictPolicy::IsStatusPattern(text)) << text;
    EXPECT_THROW(VerdictPolicy(VerdictSettings{.rules = {{text, VerdictKind::kDead}}}),
                 std::invalid_argument)
        << text;
  }
  EXPECT_TRUE(VerdictPolicy::IsStatusPattern("404"));
  EXPECT_TRUE(VerdictPolicy::IsStatusPattern("40x"));
  EXPECT_TRUE(VerdictPolicy::IsStatusPattern("4xx"));
}

}  // namespace
}  // namespace postrider
