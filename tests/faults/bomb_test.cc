#include <zlib.h>

#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {
namespace {

using postrider::testing::Answer;
using postrider::testing::HostileServer;

constexpr std::size_t kUnpacked = std::size_t{512} << 20;

/// The gzip of `text`, `times` times one after the other.
std::string Gzip(const std::string& text, std::size_t times = 1) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string packed;
  std::string chunk(1 << 16, '\0');
  for (std::size_t i = 1; i <= times; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
      stream.avail_out = static_cast<uInt>(chunk.size());
      deflate(&stream, i == times ? Z_FINISH : Z_NO_FLUSH);
      packed.append(chunk, 0, chunk.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
  deflateEnd(&stream);
  return packed;
}

/// Some kilobytes that become half a gigabyte when they are unpacked twice.
std::string Bomb(int status) {
  static const std::string body = [] {
    const std::string zeros(1 << 20, '\0');
    return Gzip(Gzip(zeros, kUnpacked / zeros.size()));
  }();
  if (body.size() > 20'000) throw std::logic_error("the bomb is too large to be one");
  return Answer(status, body, "Content-Encoding: gzip, gzip\r\n");
}

/// The most memory that the process has had, in bytes.
std::int64_t MostMemory(RelayProcess& relay) {
  std::ifstream file("/proc/" + std::to_string(relay.process().pid()) + "/status");
  for (std::string word; file >> word;) {
    std::int64_t kilobytes = 0;
    if (word == "VmHWM:" && file >> kilobytes) return kilobytes * 1024;
  }
  throw std::runtime_error("the process has no VmHWM");
}

/// A partner whose answers become enormous when they are unpacked.
class BombTest : public FaultsTest {
 protected:
  ShopConfig To(const std::string& url) const {
    ShopConfig config = Config({{.name = "cj", .url = url, .settings = {"concurrency: 16"}}});
    config.retries = "{attempts: 100, first: 50ms, factor: 2, max: 500ms, jitter: 25%}";
    return config;
  }
};

TEST_F(BombTest, MemoryStaysBoundedAndTheAnswerCountsAsTooLarge) {
  HostileServer server(postrider::testing::Always(Bomb(200)));
  RelayProcess& relay = StartReadyRelay(To(server.Url("/cj")));
  const std::int64_t before = MostMemory(relay);
  shop_.InsertMany(32);
  ASSERT_TRUE(Eventually([&] {
    return shop_.Count("outbox.attempt WHERE charged AND class = 'too_large'") >= 200;
  })) << shop_.Ask("SELECT string_agg(DISTINCT class || ': ' || error, '; ') FROM outbox.attempt");
  EXPECT_EQ(shop_.Count("outbox.attempt WHERE class <> 'too_large'"), 0);
  EXPECT_EQ(shop_.Ask("SELECT string_agg(DISTINCT result, ' ') FROM outbox.attempt"), "unknown");
  const std::int64_t grown = MostMemory(relay) - before;
  std::cout << "bytes more than before: " << grown << '\n';
  // 16 answers of max_response (1 MB), and what unpacking them takes.
  EXPECT_LT(grown, 64 << 20);

  Partner sound;
  relay.Rewrite(To(sound.Url("/cj")));
  relay.HangUp();
  EXPECT_TRUE(DeliveredReaches(32));
  EXPECT_EQ(sound.Requests().size(), 32);
}

TEST_F(BombTest, ARefusalIsARefusalAndOnlyALittleOfItIsKept) {
  HostileServer server(postrider::testing::Always(Bomb(422)));
  RelayProcess& relay = StartReadyRelay(To(server.Url("/cj")));
  const std::int64_t before = MostMemory(relay);
  shop_.InsertMany(32);
  ASSERT_TRUE(Eventually([&] { return shop_.Count("outbox.dead_letters") == 32; }));
  EXPECT_EQ(shop_.Ask("SELECT string_agg(DISTINCT reason || ' ' || http_status, ', ') FROM "
                      "outbox.dead_letters"),
            "refused 422");
  EXPECT_LE(shop_.Ask("SELECT max(octet_length(answer)) FROM outbox.dead_letters").size(), 5);
  EXPECT_EQ(server.requests().size(), 32);
  EXPECT_LT(MostMemory(relay) - before, 64 << 20);
  EXPECT_TRUE(StopsCleanly(relay));
}

}  // namespace
}  // namespace postrider::test
