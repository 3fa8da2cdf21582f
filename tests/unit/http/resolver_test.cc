#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fake_resolver.h"
#include "loop_thread.h"
#include "support/hostile_server.h"

namespace postrider::testing {
namespace {

using enum FailureClass;

TEST(ResolverTest, AHangingQueryEndsAtTheDeadlineAndHoldsNobodyUp) {
  FakeResolver resolver;
  resolver.Hang("hang.test");
  HostileServer server(Always(Answer(200, "ok")));
  LoopThread loop;
  HttpRequest request = Post("http://hang.test/");
  request.connect_timeout = milliseconds(300);
  auto hanging = loop.Send(std::move(request));
  ASSERT_TRUE(resolver.WaitForQuery());
  ASSERT_EQ(loop.Fetch(Post(server.Url())).status, 200);
  ASSERT_EQ(hanging.wait_for(kPatience), std::future_status::ready);
  const HttpAnswer answer = hanging.get();
  EXPECT_EQ(answer.failure, kConnectTimeout) << answer.error;
  EXPECT_FALSE(answer.maybe_sent);
  EXPECT_THAT(answer.error, ::testing::HasSubstr("hang.test"));
  // The query still hangs, and the loop does not wait for it.
  EXPECT_EQ(loop.Fetch(Post(server.Url())).status, 200);
}

TEST(ResolverTest, TheTotalTimeoutCoversDnsToo) {
  FakeResolver resolver;
  resolver.Hang("hang.test");
  LoopThread loop;
  HttpRequest request = Post("http://hang.test/");
  request.connect_timeout = milliseconds(60000);
  request.timeout = milliseconds(200);
  const HttpAnswer answer = loop.Fetch(std::move(request));
  EXPECT_EQ(answer.failure, kConnectTimeout) << answer.error;
}

TEST(ResolverTest, AHangingQueryCanBeCancelled) {
  FakeResolver resolver;
  resolver.Hang("hang.test");
  LoopThread loop;
  RequestId id{};
  auto answer = loop.Send(Post("http://hang.test/"), nullptr, &id);
  ASSERT_TRUE(resolver.WaitForQuery());
  loop.On([&] { loop.client().Cancel(id); });
  ASSERT_EQ(answer.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(answer.get().failure, kRelayLost);
}

TEST(ResolverTest, RefusedAddressesOfANameAreSkipped) {
  FakeResolver resolver;
  resolver.Answer("both.test", {"10.255.255.1", "127.0.0.1"});
  HostileServer server(Always(Answer(200, "ok")));
  LoopThread loop;
  const EgressGuard guard({.all = false, .networks = {"127.0.0.0/8"}});
  const std::string url = "http://both.test:" + std::to_string(server.port()) + "/";
  const HttpAnswer answer = loop.Fetch(Post(url), &guard);
  EXPECT_EQ(answer.status, 200) << answer.error;
}

TEST(ResolverTest, ANameWithOnlyRefusedAddressesIsBlocked) {
  FakeResolver resolver;
  resolver.Answer("inside.test", {"10.0.0.1", "169.254.169.254", "::1"});
  LoopThread loop;
  const EgressGuard guard({});
  const HttpAnswer answer = loop.Fetch(Post("http://inside.test/"), &guard);
  EXPECT_EQ(answer.failure, kBlockedAddress) << answer.error;
  EXPECT_FALSE(answer.maybe_sent);
  EXPECT_THAT(answer.error, ::testing::HasSubstr("inside.test"));
}

TEST(ResolverTest, WhenTheAllowedAddressDoesNotAnswerItIsAConnectFailure) {
  FakeResolver resolver;
  resolver.Answer("both.test", {"10.0.0.1", "127.0.0.1"});
  LoopThread loop;
  const EgressGuard guard({.all = false, .networks = {"127.0.0.0/8"}});
  const HttpAnswer answer = loop.Fetch(Post("http://both.test:1/"), &guard);
  EXPECT_EQ(answer.failure, kConnect) << answer.error;
  EXPECT_THAT(answer.error, ::testing::HasSubstr("10.0.0.1 is a private address"));
}

}  // namespace
}  // namespace postrider::testing
