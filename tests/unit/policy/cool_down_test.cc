#include "postrider/policy/cool_down.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "moments.h"
#include "postrider/policy/retry_after.h"

namespace postrider {
namespace {

constexpr milliseconds kDeadline{20000};

HttpAnswer Answer(int status, const std::string& retry_after = "") {
  HttpAnswer answer;
  answer.status = status;
  if (!retry_after.empty()) answer.headers.emplace_back("retry-after", retry_after);
  return answer;
}

HttpAnswer NoAnswer(FailureClass failure) {
  HttpAnswer answer;
  answer.failure = failure;
  return answer;
}

void Call(CoolDown& cool_down, const HttpAnswer& answer, Timestamp now) {
  cool_down.Record(cool_down.Begin(now), answer, now);
}

std::optional<milliseconds> Asked(const std::string& text, const std::string& date = "") {
  HttpHeaders headers{{"content-type", "text/plain"}, {"retry-after", text}};
  if (!date.empty()) headers.emplace_back("date", date);
  return RetryAfter(headers, After(milliseconds(400)));  // Tue, 14 Nov 2023 22:13:20 GMT
}

TEST(RetryAfterTest, ReadsSeconds) {
  EXPECT_EQ(Asked("120"), seconds(120));
  EXPECT_EQ(Asked("0120"), seconds(120));
}

TEST(RetryAfterTest, ReadsADateInEachForm) {
  EXPECT_EQ(Asked("Tue, 14 Nov 2023 22:14:00 GMT"), seconds(40));
  EXPECT_EQ(Asked("Tuesday, 14-Nov-23 22:14:00 GMT"), seconds(40));
  EXPECT_EQ(Asked("Tue Nov 14 22:14:00 2023"), seconds(40));
}

TEST(RetryAfterTest, MeasuresADateAgainstThePartnersClock) {
  EXPECT_EQ(Asked("Tue, 14 Nov 2023 23:14:00 GMT", "Tue, 14 Nov 2023 23:13:50 GMT"), seconds(10));
  EXPECT_EQ(Asked("Tue, 14 Nov 2023 22:14:00 GMT", "yesterday"), seconds(40));
}

TEST(RetryAfterTest, IsBounded) {
  EXPECT_EQ(Asked("0"), seconds(1));
  EXPECT_EQ(Asked("Tue, 14 Nov 2000 22:14:00 GMT"), seconds(1));
  EXPECT_EQ(Asked("3601"), seconds(3600));
  EXPECT_EQ(Asked("99999999999999999999999999"), seconds(3600));
  EXPECT_EQ(Asked("Tue, 14 Nov 9999 22:14:00 GMT"), seconds(3600));
}

TEST(RetryAfterTest, IgnoresWhatItCannotRead) {
  for (const char* text : {"", "-5", "+5", "1.5", "5s", "soon", "5 ", "0x10"}) {
    EXPECT_EQ(Asked(text), std::nullopt) << text;
  }
}

TEST(RetryAfterTest, TakesTheLongestOfSeveral) {
  EXPECT_EQ(RetryAfter({{"retry-after", "5"}, {"retry-after", "x"}, {"retry-after", "9"}}, kStart),
            seconds(9));
}

TEST(CoolDownTest, LetsEverythingPassUntilThePartnerRefuses) {
  CoolDown cool_down(kDeadline);
  for (const int status : {200, 400, 404, 500, 503}) Call(cool_down, Answer(status), kStart);
  Call(cool_down, NoAnswer(FailureClass::kTimeout), kStart);
  EXPECT_EQ(cool_down.NextAt(kStart), kStart);
  EXPECT_FALSE(cool_down.cooling());
}

TEST(CoolDownTest, WaitsAsLongAsThePartnerAsks) {
  for (const int status : {429, 503}) {
    CoolDown cool_down(kDeadline);
    Call(cool_down, Answer(status, "77"), kStart);
    EXPECT_EQ(cool_down.NextAt(kStart), After(seconds(77))) << status;
    EXPECT_TRUE(cool_down.cooling());
  }
}

TEST(CoolDownTest, WaitsByItselfWhenThePartnerNamesNoTime) {
  for (const char* text : {"", "soon"}) {
    CoolDown cool_down(kDeadline);
    Call(cool_down, Answer(429, text), kStart);
    EXPECT_EQ(cool_down.NextAt(kStart), After(seconds(5))) << text;
  }
}

TEST(CoolDownTest, TakesA503WithoutAReadableTimeAsAFailureLikeAnyOther) {
  CoolDown cool_down(kDeadline);
  Call(cool_down, Answer(503, "soon"), kStart);
  EXPECT_FALSE(cool_down.cooling());
}

TEST(CoolDownTest, DoublesTheWaitAtEachRefusalThatFollows) {
  CoolDown cool_down(kDeadline);
  Timestamp now = kStart;
  for (const int wait : {5, 10, 20, 40, 80, 160, 300, 300}) {
    Call(cool_down, Answer(429), now);
    ASSERT_EQ(cool_down.NextAt(now), now + seconds(wait));
    now += seconds(wait);
  }
}

TEST(CoolDownTest, TakesRequestsThatAreRefusedTogetherAsOneRefusal) {
  CoolDown cool_down(kDeadline);
  std::vector<CoolDown::Round> rounds;
  for (int i = 0; i < 16; ++i) rounds.push_back(cool_down.Begin(kStart));
  for (const CoolDown::Round round : rounds) cool_down.Record(round, Answer(429), kStart);
  EXPECT_EQ(cool_down.NextAt(kStart), After(seconds(5)));
  Call(cool_down, Answer(429), After(seconds(5)));
  EXPECT_EQ(cool_down.NextAt(After(seconds(5))), After(seconds(15)));
}

TEST(CoolDownTest, WaitsForTheLongestThatThePartnerAskedFor) {
  CoolDown cool_down(kDeadline);
  const auto first = cool_down.Begin(kStart);
  const auto second = cool_down.Begin(kStart);
  const auto third = cool_down.Begin(kStart);
  cool_down.Record(first, Answer(429, "10"), kStart);
  cool_down.Record(second, Answer(503, "60"), After(seconds(1)));
  cool_down.Record(third, Answer(429, "2"), After(seconds(2)));
  EXPECT_EQ(cool_down.NextAt(After(seconds(2))), After(seconds(61)));
}

TEST(CoolDownTest, LetsOneProbePassWhenTheWaitIsOver) {
  CoolDown cool_down(kDeadline);
  Call(cool_down, Answer(429), kStart);
  const Timestamp now = After(seconds(5));
  EXPECT_EQ(cool_down.NextAt(now), now);
  const auto probe = cool_down.Begin(now);
  EXPECT_EQ(cool_down.NextAt(now), now + kDeadline);
  cool_down.Record(probe, Answer(200), now);
  EXPECT_EQ(cool_down.NextAt(now), now);
  EXPECT_FALSE(cool_down.cooling());
}

TEST(CoolDownTest, IsEndedByAnyAnswerToTheProbeButARefusal) {
  for (const int status : {200, 302, 400, 401, 409, 500, 503}) {
    CoolDown cool_down(kDeadline);
    Call(cool_down, Answer(429), kStart);
    Call(cool_down, Answer(status), After(seconds(5)));
    EXPECT_FALSE(cool_down.cooling()) << status;
  }
}

TEST(CoolDownTest, IsNotEndedByAnAnswerToAnEarlierRequest) {
  CoolDown cool_down(kDeadline);
  const auto early = cool_down.Begin(kStart);
  Call(cool_down, Answer(429), kStart);
  cool_down.Record(early, Answer(200), After(seconds(1)));
  EXPECT_EQ(cool_down.NextAt(After(seconds(1))), After(seconds(5)));
  cool_down.Begin(After(seconds(5)));
  cool_down.Record(early, Answer(200), After(seconds(6)));
  EXPECT_TRUE(cool_down.cooling());
}

TEST(CoolDownTest, BeginsWithTheShortestWaitAgainAfterItEnded) {
  CoolDown cool_down(kDeadline);
  Call(cool_down, Answer(429), kStart);
  Call(cool_down, Answer(429), After(seconds(5)));
  Call(cool_down, Answer(200), After(seconds(15)));
  Call(cool_down, Answer(429), After(seconds(15)));
  EXPECT_EQ(cool_down.NextAt(After(seconds(15))), After(seconds(20)));
}

TEST(CoolDownTest, ProbesAgainWhenAProbeGotNoAnswer) {
  for (const FailureClass failure : {FailureClass::kTimeout, FailureClass::kProxy}) {
    CoolDown cool_down(kDeadline);
    Call(cool_down, Answer(429), kStart);
    Call(cool_down, NoAnswer(failure), After(seconds(5)));
    EXPECT_EQ(cool_down.NextAt(After(seconds(5))), After(seconds(10)));
    Call(cool_down, Answer(429), After(seconds(10)));
    EXPECT_EQ(cool_down.NextAt(After(seconds(10))), After(seconds(20)));
  }
}

TEST(CoolDownTest, ProbesAgainAtOnceWhenAProbeWasNeverWritten) {
  CoolDown cool_down(kDeadline);
  Call(cool_down, Answer(429), kStart);
  const Timestamp now = After(seconds(5));
  cool_down.Abandon(cool_down.Begin(now), now);
  EXPECT_EQ(cool_down.NextAt(now), now);
  cool_down.Begin(now);
  EXPECT_EQ(cool_down.NextAt(now), now + kDeadline);
}

TEST(CoolDownTest, ProbesAgainWhenAProbeNeverReports) {
  CoolDown cool_down(kDeadline);
  Call(cool_down, Answer(429), kStart);
  const auto lost = cool_down.Begin(After(seconds(5)));
  const Timestamp now = After(seconds(25));
  EXPECT_EQ(cool_down.NextAt(now), now);
  cool_down.Begin(now);
  cool_down.Record(lost, Answer(200), now);
  EXPECT_EQ(cool_down.NextAt(now), now + kDeadline);
}

TEST(CoolDownTest, FollowsAnotherPartUntilItsProbeIsAnswered) {
  CoolDown first(kDeadline, 0);
  CoolDown second(kDeadline, 1);
  Call(first, Answer(429, "10"), After(seconds(0)));
  EXPECT_EQ(first.until(), After(seconds(10)));
  second.Follow(0, first.until(), After(seconds(0)));
  EXPECT_GT(second.NextAt(After(seconds(0))), After(seconds(10)));
  EXPECT_FALSE(second.cooling()) << "what it only follows is not to be followed";
  const auto probe = first.Begin(After(seconds(10)));
  EXPECT_EQ(first.until(), After(seconds(30)));
  second.Follow(0, first.until(), After(seconds(10)));
  EXPECT_GT(second.NextAt(After(seconds(12))), After(seconds(12))) << "no second probe";
  first.Record(probe, Answer(200), After(seconds(13)));
  EXPECT_EQ(first.until(), std::nullopt);
  second.Follow(0, first.until(), After(seconds(13)));
  EXPECT_EQ(second.NextAt(After(seconds(13))), After(seconds(13)));
  (void)second.Begin(After(seconds(13)));
  EXPECT_FALSE(second.cooling());
}

/// Each is told of the others.
void TellAll(std::vector<CoolDown>& parts, Timestamp now) {
  for (std::size_t from = 0; from < parts.size(); ++from) {
    for (std::size_t to = 0; to < parts.size(); ++to) {
      if (from != to) parts[to].Follow(static_cast<int>(from), parts[from].until(), now);
    }
  }
}

TEST(CoolDownTest, OfSeveralPartsThatWereRefusedOneSendsTheProbe) {
  std::vector<CoolDown> parts;
  for (int part = 0; part < 4; ++part) parts.emplace_back(kDeadline, part);
  for (int part : {3, 1, 2}) {
    Call(parts[static_cast<std::size_t>(part)], Answer(429, std::to_string(10 + part)),
         After(seconds(0)));
  }
  TellAll(parts, After(seconds(0)));
  EXPECT_EQ(parts[1].NextAt(After(seconds(0))), After(seconds(13))) << "the longest of all";
  for (const std::size_t other : {0U, 2U, 3U}) {
    EXPECT_GT(parts[other].NextAt(After(seconds(0))), After(seconds(13)));
  }
  const auto probe = parts[1].Begin(After(seconds(13)));
  TellAll(parts, After(seconds(13)));
  for (const std::size_t other : {0U, 2U, 3U}) {
    EXPECT_GT(parts[other].NextAt(After(seconds(16))), After(seconds(16)));
  }
  parts[1].Record(probe, Answer(200), After(seconds(16)));
  TellAll(parts, After(seconds(16)));
  for (const CoolDown& part : parts) {
    EXPECT_EQ(part.NextAt(After(seconds(16))), After(seconds(16)));
    EXPECT_FALSE(part.cooling());
  }
}

TEST(CoolDownTest, FindsOutForItselfWhenTheOthersFallSilent) {
  CoolDown cool_down(kDeadline, 1);
  cool_down.Follow(0, After(seconds(10)), After(seconds(0)));
  cool_down.Follow(3, After(seconds(20)), After(seconds(0)));
  EXPECT_EQ(cool_down.NextAt(After(seconds(0))), After(seconds(22)));
  const auto probe = cool_down.Begin(After(seconds(22)));
  EXPECT_GT(cool_down.NextAt(After(seconds(22))), After(seconds(22))) << "one request, not all";
  cool_down.Record(probe, Answer(200), After(seconds(23)));
  EXPECT_EQ(cool_down.NextAt(After(seconds(23))), After(seconds(23)));
}

TEST(CoolDownTest, TheNextOwnerWaitsForWhatTheLastOneWasTold) {
  CoolDown cool_down(kDeadline);
  cool_down.Resume(After(seconds(40)));
  EXPECT_TRUE(cool_down.cooling());
  EXPECT_EQ(cool_down.NextAt(After(seconds(1))), After(seconds(40)));
  Call(cool_down, Answer(200), After(seconds(40)));
  EXPECT_FALSE(cool_down.cooling());
}

}  // namespace
}  // namespace postrider
