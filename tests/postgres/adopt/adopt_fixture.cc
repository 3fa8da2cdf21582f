#include "postgres/adopt/adopt_fixture.h"

#include <algorithm>
#include <fstream>

#include "faults/child_process.h"

namespace postrider::test {

ShopConfig AdoptTest::ConfigOf(const std::string& conninfo, const std::string& installation) const {
  ShopConfig config;
  config.database_url = conninfo;
  if (!installation.empty()) config.database = "installation: " + installation;
  config.destinations = {{.name = "cj", .url = partner_.Url("/cj")}};
  return config;
}

RelayProcess& AdoptTest::StartUnreadyRelay(const ShopConfig& config) {
  RelayProcess& relay = StartRelay(config);
  EXPECT_TRUE(Eventually([&] { return relay.Logged("not_ready"); }));
  const HttpReply ready = relay.Get("/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, ::testing::HasSubstr("postrider adopt --resume"));
  EXPECT_THAT(ArrivedSince(), ::testing::IsEmpty());
  return relay;
}

Adoption AdoptTest::Adopt(const std::string& mode, const ShopConfig& config,
                          const std::string& consent) {
  const auto path = scratch_.path() / "adopt.yaml";
  std::ofstream(path) << config.Text();
  ChildProcess process(
      {POSTRIDER_PROGRAM, "adopt", "--" + mode, consent, "--note", "test", "-c", path.string()},
      scratch_.path() / "adopt.out", scratch_.path() / "adopt.err");
  Adoption adoption;
  adoption.exit_code = process.Wait().value_or(-1);
  adoption.out = ReadFile(scratch_.path() / "adopt.out");
  adoption.err = ReadFile(scratch_.path() / "adopt.err");
  return adoption;
}

void AdoptTest::LeavePending(const ShopConfig& config) {
  RelayProcess& relay = StartReadyRelay(config);
  delivered_ = shop_.Insert({.payload = R"({"n": 1})"});
  ASSERT_TRUE(Becomes(delivered_, "cj", "delivered"));
  scheduled_ = shop_.Insert({.payload = R"({"n": 2})", .deliver_after = "now() + interval '3s'"});
  ASSERT_TRUE(Becomes(scheduled_, "cj", "scheduled"));
  ASSERT_TRUE(Eventually([&] { return shop_.Count("outbox.backlog") == 1; }));
  ASSERT_TRUE(StopsCleanly(relay));
  unseen_ = shop_.Insert({.payload = R"({"n": 3})"});
  arrived_ = partner_.Requests().size();
}

std::vector<EventId> AdoptTest::ArrivedSince() const {
  const std::vector<EventId> all = partner_.Events();
  return {all.begin() + static_cast<std::ptrdiff_t>(arrived_), all.end()};
}

bool AdoptTest::Arrive(std::vector<EventId> expected) {
  std::sort(expected.begin(), expected.end());
  return Eventually([&] {
    auto arrived = ArrivedSince();
    std::sort(arrived.begin(), arrived.end());
    return arrived == expected;
  });
}

}  // namespace postrider::test
