#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "postrider/postgres/connection.h"
#include "support/tcp_proxy.h"
#include "support/test_database.h"
#include "unit/http/test_certificate.h"

namespace postrider::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr milliseconds kLimit{200};

std::string Through(const TcpProxy& proxy) {
  return "host=127.0.0.1 port=" + std::to_string(proxy.port()) +
         " dbname=postgres user=postgres connect_timeout=10";
}

/// The fault that the work ends with.
DatabaseFault FaultOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const DatabaseFault& fault) {
    return fault;
  }
  ADD_FAILURE() << "no fault";
  return {"", "", "", false, false};
}

/// A statement whose answer is swallowed ends soon after its limit.
void ExpectCut(TcpProxy& proxy, Connection& connection) {
  connection.Execute("test", "SELECT 1", kLimit);
  proxy.Swallow();
  const auto began = Clock::now();
  const DatabaseFault fault = FaultOf([&] { connection.Execute("test", "SELECT 1", kLimit); });
  EXPECT_LT(Clock::now() - began, seconds(10));
  EXPECT_TRUE(fault.connection_lost());
  EXPECT_TRUE(fault.commit_in_doubt());
  EXPECT_NE(std::string(fault.what()).find("did not answer within 1200 ms"), std::string::npos)
      << fault.what();
  EXPECT_TRUE(FaultOf([&] { connection.Execute("test", "SELECT 1"); }).connection_lost());
  EXPECT_EQ(proxy.swallowed(), 1);
}

TEST(LimitTest, TheServerEndsWhatTakesTooLong) {
  Connection connection(SharedServer().Conninfo());
  const DatabaseFault fault =
      FaultOf([&] { connection.Execute("test", "SELECT pg_sleep(60)", kLimit); });
  EXPECT_EQ(fault.sqlstate(), "57014");
  EXPECT_FALSE(fault.connection_lost());
  EXPECT_EQ(connection.Execute("test", "SELECT 1", kLimit).Text(0, 0), "1");
}

TEST(LimitTest, OverrulesWhatTheSessionHas) {
  Connection connection(SharedServer().Conninfo());
  connection.Execute("test", "SET statement_timeout = 20");
  EXPECT_NO_THROW(connection.Execute("test", "SELECT pg_sleep(0.1)", milliseconds(0)));
  EXPECT_NO_THROW(connection.Execute("test", "SELECT pg_sleep(0.1)", seconds(30)));
  EXPECT_EQ(connection.Execute("test", "SHOW statement_timeout").Text(0, 0), "20ms");
}

TEST(LimitTest, WhatIsSwallowedIsCut) {
  TcpProxy proxy(SharedServer().port());
  Connection connection(Through(proxy));
  ExpectCut(proxy, connection);
}

TEST(LimitTest, AConnectionThatIsToEndIsCutInTheMiddle) {
  TcpProxy proxy(SharedServer().port());
  Connection connection(Through(proxy));
  connection.Execute("test", "SELECT 1", kLimit);
  proxy.Swallow();
  auto fault = std::async(std::launch::async, [&] {
    return FaultOf([&] { connection.Execute("test", "SELECT 1", seconds(60)); });
  });
  connection.EndWithin(milliseconds(50));
  ASSERT_EQ(fault.wait_for(seconds(20)), std::future_status::ready);
  EXPECT_TRUE(fault.get().connection_lost());
}

/// A server that encrypts.
class EncryptedServer : public PostgresServer {
 public:
  EncryptedServer() {
    const postrider::testing::TestCertificate certificate("IP:127.0.0.1");
    std::ofstream(Place("cert.pem")) << certificate.Pem();
    FILE* const key = fopen(Place("key.pem").c_str(), "w");
    PEM_write_PrivateKey(key, certificate.key(), nullptr, nullptr, 0, nullptr, nullptr);
    fclose(key);
    struct stat owner {};
    stat((directory() / "data").c_str(), &owner);
    chmod(Place("key.pem").c_str(), 0600);
    if (chown(Place("key.pem").c_str(), owner.st_uid, owner.st_gid) != 0) throw errno;
    Configure("ssl_cert_file = '" + Place("cert.pem") + "'");
    Configure("ssl_key_file = '" + Place("key.pem") + "'");
    Configure("ssl = on");
    Restart();
  }

 private:
  std::string Place(const std::string& name) const { return (directory() / name).string(); }
};

TEST(LimitTest, WhatIsSwallowedIsCutBelowTls) {
  EncryptedServer server;
  TcpProxy proxy(server.port());
  Connection connection(Through(proxy) + " sslmode=require");
  ASSERT_EQ(
      connection.Execute("test", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", kLimit)
          .Text(0, 0),
      "t");
  ExpectCut(proxy, connection);
}

}  // namespace
}  // namespace postrider::test
