#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>

#include "faults/child_process.h"
#include "faults/faults_fixture.h"
#include "faults/metrics_page.h"
#include "support/hostile_server.h"

namespace postrider::test {
namespace {

using postrider::testing::Answer;
using postrider::testing::HostileServer;
using postrider::testing::Peer;
using ::testing::HasSubstr;

constexpr int kAtOnce = 300;

/// A partner that answers nobody before so many have asked.
class PatientPartner {
 public:
  std::string Url() const { return server_.Url("/cj"); }
  bool all_came() {
    const std::lock_guard lock(mutex_);
    return came_ >= kAtOnce;
  }

 private:
  void Serve(Peer& peer) {
    while (peer.ReadRequest()) {
      std::unique_lock lock(mutex_);
      if (++came_ >= kAtOnce) all_.notify_all();
      all_.wait_for(lock, kPatience, [this] { return came_ >= kAtOnce; });
      lock.unlock();
      if (!peer.Send(Answer(200, "{}"))) return;
    }
  }

  std::mutex mutex_;
  std::condition_variable all_;
  int came_ = 0;  ///< guarded by mutex_
  HostileServer server_{[this](Peer& peer) { Serve(peer); }};
};

/// Relays that may not have much open at first. They are started by prlimit, as the last word of
/// their environment.
class DescriptorsTest : public FaultsTest {
 protected:
  ShopConfig To(const std::string& url) const {
    return Config({{.name = "cj",
                    .url = url,
                    .http = "timeout: 60s",
                    .settings = {"concurrency: " + std::to_string(kAtOnce)}}});
  }
  RelayProcess& StartWith(const std::string& limits, const ShopConfig& config) {
    RelayProcess& relay = StartRelay(config, {}, {"prlimit", "--nofile=" + limits});
    EXPECT_TRUE(Eventually([&] { return relay.Ready(); })) << relay.LogTail();
    return relay;
  }
};

TEST_F(DescriptorsTest, TheLimitThatAUserHasAtFirstIsRaised) {
  PatientPartner partner;
  RelayProcess& relay = StartWith("200:4096", To(partner.Url()));
  EXPECT_EQ(MetricsPage(relay.Get("/metrics").body).Sum("process_max_fds"), 4096);
  shop_.InsertMany(kAtOnce);
  EXPECT_TRUE(Eventually([&] { return partner.all_came(); })) << "not all at once";
  EXPECT_TRUE(DeliveredReaches(kAtOnce));
  EXPECT_EQ(shop_.Count("outbox.attempt"), 0) << "none had to be tried again";
  EXPECT_FALSE(relay.Logged("descriptors_short"));
  EXPECT_TRUE(StopsCleanly(relay));
}

TEST_F(DescriptorsTest, ALimitThatIsTooLowIsSaidByRelayAndDoctor) {
  const ShopConfig config = To("http://127.0.0.1:9/cj");
  RelayProcess& relay = StartWith("200:250", config);
  ASSERT_TRUE(relay.Logged("descriptors_short"));
  const auto line = relay.Log("descriptors_short").front();
  EXPECT_EQ(line.value("limit", 0), 250);
  EXPECT_EQ(line.value("needed", 0), 128 + kAtOnce);
  EXPECT_THAT(line.value("message", ""), HasSubstr("LimitNOFILE"));

  const auto file = scratch_.path() / "doctor.yaml";
  std::ofstream(file) << config.Text();
  ChildProcess doctor({"/usr/bin/env", "prlimit", "--nofile=200:250", POSTRIDER_PROGRAM, "doctor",
                       "--json", "-c", file.string()},
                      scratch_.path() / "doctor.out", scratch_.path() / "doctor.err");
  EXPECT_EQ(doctor.Wait(), 1);
  EXPECT_THAT(ReadFile(scratch_.path() / "doctor.out"), HasSubstr("\"descriptors\""));
  EXPECT_TRUE(StopsCleanly(relay));
}

}  // namespace
}  // namespace postrider::test
