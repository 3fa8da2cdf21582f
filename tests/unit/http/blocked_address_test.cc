#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "loop_thread.h"
#include "support/hostile_server.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;

HttpAnswer FetchGuarded(const std::string& url, const AllowPrivate& allow = {}) {
  LoopThread loop;
  const EgressGuard guard(allow);
  HttpRequest request = Post(url);
  request.connect_timeout = milliseconds(5000);
  return loop.Fetch(std::move(request), &guard);
}

TEST(BlockedAddressTest, NoSpellingOfAnAddressPasses) {
  const std::vector<std::pair<std::string, std::string>> spellings{
      {"127.0.0.1", "127.0.0.1"},
      {"127.1", "127.0.0.1"},
      {"127.0.1", "127.0.0.1"},
      {"2130706433", "127.0.0.1"},
      {"0x7f000001", "127.0.0.1"},
      {"0x7f.0x0.0x0.0x1", "127.0.0.1"},
      {"0177.0.0.1", "127.0.0.1"},
      {"017700000001", "127.0.0.1"},
      {"%31%32%37.0.0.1", "127.0.0.1"},
      {"user:pw@127.0.0.1", "127.0.0.1"},
      {"1.1.1.1@127.0.0.1", "127.0.0.1"},
      {"[::1]", "::1"},
      {"[0:0:0:0:0:0:0:1]", "::1"},
      {"[::ffff:127.0.0.1]", "127.0.0.1"},
      {"[::ffff:7f00:1]", "127.0.0.1"},
      {"[::127.0.0.1]", "::127.0.0.1"},
      {"[64:ff9b::7f00:1]", "64:ff9b::7f00:1"},
      {"[2002:7f00:1::]", "2002:7f00:1::"},
      {"0", "0.0.0.0"},
      {"0.0.0.0", "0.0.0.0"},
      {"[::]", "::"},
      {"10.0.0.1", "10.0.0.1"},
      {"167772161", "10.0.0.1"},
      {"192.168.0.1", "192.168.0.1"},
      {"169.254.169.254", "169.254.169.254"},
      {"[fe80::1]", "fe80::1"},
      {"[fd00:ec2::254]", "fd00:ec2::254"},
      {"localhost", "is a loopback address"},
      {"LOCALHOST", "is a loopback address"},
  };
  for (const auto& [host, address] : spellings) {
    const HttpAnswer answer = FetchGuarded("http://" + host + ":9/");
    EXPECT_EQ(answer.failure, FailureClass::kBlockedAddress) << host << ": " << answer.error;
    EXPECT_THAT(answer.error, HasSubstr(address)) << host;
    EXPECT_FALSE(answer.maybe_sent);
  }
}

TEST(BlockedAddressTest, OddHostsDoNotPassEither) {
  HostileServer server(Always(Answer(200, "reached")));
  const std::string port = std::to_string(server.port());
  for (const std::string host : {"localhost.", "127.0.0.1.", "0x7f.1.", "[::1].",
                                 "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1" /* full-width */}) {
    const HttpAnswer answer = FetchGuarded("http://" + host + ":" + port + "/");
    // Whether such a host exists is up to the resolver; it must not be reached.
    ASSERT_TRUE(answer.failure) << host;
    EXPECT_THAT(*answer.failure, ::testing::AnyOf(FailureClass::kBlockedAddress, FailureClass::kDns,
                                                  FailureClass::kLocal))
        << host << ": " << answer.error;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(BlockedAddressTest, MetadataStaysBlockedWhenPrivateIsAllowed) {
  const AllowPrivate all{.all = true, .networks = {}};
  for (const char* host : {"169.254.169.254", "2852039166", "[::ffff:169.254.169.254]",
                           "[fd00:ec2::254]", "100.100.100.200", "192.0.0.192", "0.0.0.0"}) {
    const HttpAnswer answer = FetchGuarded("http://" + std::string(host) + "/latest/", all);
    EXPECT_EQ(answer.failure, FailureClass::kBlockedAddress) << host << ": " << answer.error;
  }
}

TEST(BlockedAddressTest, AllowedAddressesAreReached) {
  HostileServer server(Always(Answer(200, "reached")));
  for (const AllowPrivate& allow : {AllowPrivate{.all = true, .networks = {}},
                                    AllowPrivate{.all = false, .networks = {"127.0.0.1/32"}}}) {
    const HttpAnswer answer = FetchGuarded(server.Url(), allow);
    EXPECT_EQ(answer.body, "reached") << answer.error;
  }
}

}  // namespace
}  // namespace postrider::testing
