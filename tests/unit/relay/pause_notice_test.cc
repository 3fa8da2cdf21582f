#include "relay/pause_notice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::test {
namespace {

using testing::HasSubstr;
using Kind = PauseCause::Kind;

TEST(PauseNoticeTest, SaysHowMuchDied) {
  const PauseNotice notice = NoticeOf({}, RateWindow{100, milliseconds(600000)});
  EXPECT_EQ(notice.acting_for, "dead_limit");
  EXPECT_EQ(notice.log_event, "dead_limit");
  EXPECT_EQ(notice.note, "dead_limit: more than 100 dead letters in 600 s");
}

TEST(PauseNoticeTest, SaysWhichAnswerMeantThatThePartnerIsGone) {
  const PauseNotice notice = NoticeOf({Kind::kGone, 42, 410}, std::nullopt);
  EXPECT_EQ(notice.acting_for, "gone");
  EXPECT_EQ(notice.log_event, "partner_gone");
  EXPECT_EQ(notice.note, "gone: the partner answered 410 to event 42");
  EXPECT_THAT(notice.message, HasSubstr("postrider resume")) << "what to do";
}

TEST(PauseNoticeTest, SaysThatThePartnerHasDisabledIt) {
  const PauseNotice notice = NoticeOf({Kind::kDisable, 42, 200}, std::nullopt);
  EXPECT_EQ(notice.acting_for, "webhook-delivery");
  EXPECT_EQ(notice.note, "webhook-delivery: the partner answered 200 with disable to event 42");
}

}  // namespace
}  // namespace postrider::test
