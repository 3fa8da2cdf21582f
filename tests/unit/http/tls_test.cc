#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "loop_thread.h"
#include "support/hostile_server.h"
#include "test_certificate.h"

namespace postrider::testing {
namespace {

using enum FailureClass;

/// A file that holds a certificate, for the client to trust.
class PemFile {
 public:
  explicit PemFile(const TestCertificate& certificate) {
    const int fd = mkstemp(path_.data());
    const std::string pem = certificate.Pem();
    if (fd < 0 || write(fd, pem.data(), pem.size()) < 0) std::perror("PemFile");
    close(fd);
  }
  ~PemFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = ::testing::TempDir() + "postrider-ca-XXXXXX";
};

class TlsTest : public ::testing::Test {
 protected:
  // OpenSSL in the server writes to connections that the client has cut.
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }
};

HttpAnswer FetchTrusting(const std::string& ca_file, const std::string& url) {
  LoopThread loop({.may_send = {}, .ca_file = ca_file});
  return loop.Fetch(Post(url));
}

TEST_F(TlsTest, ATrustedCertificateIsAccepted) {
  const TestCertificate certificate("IP:127.0.0.1");
  const PemFile ca(certificate);
  HostileServer server(OverTls(certificate, Answer(200, "secret")));
  LoopThread loop({.may_send = {}, .ca_file = ca.path()});
  for (int i = 0; i < 3; ++i) {
    const HttpAnswer answer = loop.Fetch(Post(server.Url("/", "https")));
    ASSERT_EQ(answer.body, "secret") << answer.error;
    EXPECT_EQ(answer.connection_reused, i > 0);
    EXPECT_TRUE(answer.maybe_sent);
  }
}

TEST_F(TlsTest, ASelfSignedCertificateIsNot) {
  const TestCertificate certificate("IP:127.0.0.1");
  HostileServer server(OverTls(certificate, Answer(200, "secret")));
  const HttpAnswer answer = FetchTrusting("", server.Url("/", "https"));
  EXPECT_EQ(answer.failure, kTls) << answer.error;
  EXPECT_FALSE(answer.maybe_sent);
}

TEST_F(TlsTest, AnExpiredCertificateIsNot) {
  const TestCertificate certificate("IP:127.0.0.1", -1);
  const PemFile ca(certificate);
  HostileServer server(OverTls(certificate, Answer(200, "secret")));
  const HttpAnswer answer = FetchTrusting(ca.path(), server.Url("/", "https"));
  EXPECT_EQ(answer.failure, kTls) << answer.error;
  EXPECT_FALSE(answer.maybe_sent);
  EXPECT_THAT(answer.error, ::testing::HasSubstr("expired"));
}

TEST_F(TlsTest, ACertificateOfAnotherHostIsNot) {
  const TestCertificate certificate("partner.example");
  const PemFile ca(certificate);
  HostileServer server(OverTls(certificate, Answer(200, "secret")));
  const HttpAnswer answer = FetchTrusting(ca.path(), server.Url("/", "https"));
  EXPECT_EQ(answer.failure, kTls) << answer.error;
}

TEST_F(TlsTest, Tls12IsTakenAndTls11IsNot) {
  const TestCertificate certificate("IP:127.0.0.1");
  const PemFile ca(certificate);
  HostileServer old(OverTls(certificate, Answer(200, "1.2"), TLS1_2_VERSION));
  EXPECT_EQ(FetchTrusting(ca.path(), old.Url("/", "https")).body, "1.2");
  HostileServer ancient(OverTls(certificate, Answer(200, "1.1"), TLS1_1_VERSION));
  EXPECT_EQ(FetchTrusting(ca.path(), ancient.Url("/", "https")).failure, kTls);
}

TEST_F(TlsTest, AServerThatSpeaksNoTlsIsTls) {
  HostileServer server([](Peer& peer) {
    peer.Send(Answer(400, "plain HTTP"));
    peer.WaitForClose();
  });
  const HttpAnswer answer = FetchTrusting("", server.Url("/", "https"));
  EXPECT_EQ(answer.failure, kTls) << answer.error;
  EXPECT_FALSE(answer.maybe_sent);
}

TEST_F(TlsTest, AHandshakeThatStallsIsConnectTimeout) {
  HostileServer server([](Peer& peer) { peer.WaitForClose(); });
  LoopThread loop;
  HttpRequest request = Post(server.Url("/", "https"));
  request.connect_timeout = milliseconds(200);
  const HttpAnswer answer = loop.Fetch(std::move(request));
  EXPECT_EQ(answer.failure, kConnectTimeout) << answer.error;
  EXPECT_FALSE(answer.maybe_sent);
}

TEST_F(TlsTest, AMissingCertificateFileIsOurFault) {
  HostileServer server(Always(Answer(200, "")));
  const HttpAnswer answer = FetchTrusting("/nonexistent/ca.pem", server.Url("/", "https"));
  EXPECT_EQ(answer.failure, kLocal) << answer.error;
  EXPECT_FALSE(answer.maybe_sent);
}

}  // namespace
}  // namespace postrider::testing
