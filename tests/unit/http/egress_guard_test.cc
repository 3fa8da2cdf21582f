#include "postrider/http/egress_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <stdexcept>
#include <string>

namespace postrider {
namespace {

const EgressGuard kClosed({});
const EgressGuard kOpen({.all = true, .networks = {}});

bool Refuses(const EgressGuard& guard, std::string_view address) {
  return guard.Refusal(address).has_value();
}

TEST(EgressGuardTest, GlobalAddressesAreUsed) {
  for (const char* address :
       {"1.1.1.1",         "8.8.8.8",          "9.255.255.255",     "11.0.0.0",
        "100.63.255.255",  "100.128.0.0",      "126.255.255.255",   "128.0.0.0",
        "169.253.255.255", "169.255.0.0",      "172.15.255.255",    "172.32.0.0",
        "191.255.255.255", "192.0.1.0",        "192.167.255.255",   "192.169.0.0",
        "198.17.255.255",  "198.20.0.0",       "203.0.114.0",       "223.255.255.255",
        "168.63.129.17",   "2606:4700::1111",  "2a00:1450:4001::1", "2001:4860:4860::8888",
        "2001:200::1",     "64:ff9b::8.8.8.8", "2002:808:808::1",   "::ffff:8.8.8.8"}) {
    EXPECT_EQ(kClosed.Refusal(address), std::nullopt) << address;
  }
}

TEST(EgressGuardTest, AddressesThatAreNotGlobalAreRefusedUnlessAllowed) {
  for (const char* address : {"10.0.0.0",
                              "10.255.255.255",
                              "100.64.0.0",
                              "100.127.255.255",
                              "127.0.0.1",
                              "127.255.255.255",
                              "169.254.0.1",
                              "172.16.0.0",
                              "172.31.255.255",
                              "192.0.0.1",
                              "192.0.2.1",
                              "192.88.99.1",
                              "192.168.0.0",
                              "192.168.255.255",
                              "198.18.0.0",
                              "198.19.255.255",
                              "198.51.100.1",
                              "203.0.113.255",
                              "240.0.0.1",
                              "255.255.255.254",
                              "::1",
                              "::2",
                              "::10.0.0.1",
                              "::8.8.8.8",
                              "fe80::1",
                              "febf::1",
                              "fec0::1",
                              "fc00::1",
                              "fdff::1",
                              "2001:db8::1",
                              "2001:2::1",
                              "2001:10::1",
                              "3fff::1",
                              "100::1",
                              "4000::1",
                              "5f00::1",
                              "64:ff9b:1::8.8.8.8"}) {
    EXPECT_TRUE(Refuses(kClosed, address)) << address;
    EXPECT_FALSE(Refuses(kOpen, address)) << address;
  }
}

TEST(EgressGuardTest, AnEmbeddedIpv4AddressIsJudgedToo) {
  for (const char* address :
       {"::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1",
        "2002:a00:1::1", "2002:7f00:1::", "2002:c0a8:101::1",
        "2001:0:a00:1::",                // Teredo server 10.0.0.1
        "2001:0:808:808::f5ff:fffe"}) {  // Teredo client 10.0.0.1
    EXPECT_TRUE(Refuses(kClosed, address)) << address;
  }
}

TEST(EgressGuardTest, MetadataServicesAreNeverReached) {
  for (const char* address :
       {"169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16",
        "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "::ffff:169.254.169.254",
        "::169.254.169.254", "64:ff9b::169.254.169.254", "64:ff9b:1::169.254.169.254",
        "2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::", "::ffff:168.63.129.16"}) {
    EXPECT_TRUE(Refuses(kClosed, address)) << address;
    EXPECT_TRUE(Refuses(kOpen, address)) << address;
    EXPECT_TRUE(Refuses(EgressGuard({.all = false, .networks = {"0.0.0.0/0", "::/0"}}), address));
  }
}

TEST(EgressGuardTest, WhatIsNoHostIsNeverReached) {
  for (const char* address : {"0.0.0.0", "0.1.2.3", "255.255.255.255", "224.0.0.1",
                              "239.255.255.255", "::", "ff02::1", "ff0e::1", "::ffff:0.0.0.0"}) {
    EXPECT_TRUE(Refuses(kOpen, address)) << address;
  }
}

TEST(EgressGuardTest, AllowedNetworksAreExact) {
  const EgressGuard guard(
      {.all = false,
       .networks = {"10.1.0.0/16", "192.168.7.7", "fd12:3456::/32", "172.16.0.0/12"}});
  for (const char* address : {"10.1.0.0", "10.1.255.255", "192.168.7.7", "fd12:3456:ffff::1",
                              "172.31.0.1", "::ffff:10.1.2.3", "1.1.1.1"}) {
    EXPECT_FALSE(Refuses(guard, address)) << address;
  }
  for (const char* address : {"10.0.255.255", "10.2.0.0", "192.168.7.8", "fd12:3457::1",
                              "127.0.0.1", "64:ff9b::10.1.2.3", "169.254.169.254"}) {
    EXPECT_TRUE(Refuses(guard, address)) << address;
  }
}

TEST(EgressGuardTest, BadNetworksAreNamed) {
  for (const char* network : {"", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1",
                              "10.0.0.0/8x", "::/129", "localhost", "10.0.0.0/8/8", "/8"}) {
    try {
      EgressGuard({.all = false, .networks = {network}});
      ADD_FAILURE() << "took '" << network << "'";
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("'" + std::string(network) + "'"));
    }
  }
}

TEST(EgressGuardTest, SaysWhy) {
  EXPECT_EQ(kClosed.Refusal("127.0.0.1"), "127.0.0.1 is a loopback address");
  EXPECT_EQ(kClosed.Refusal("::ffff:10.0.0.1"), "10.0.0.1 is a private address");
  EXPECT_EQ(kOpen.Refusal("169.254.169.254"),
            "169.254.169.254 is the address of a cloud metadata service");
  EXPECT_EQ(kClosed.Refusal("fe80::1%eth0"), "fe80::1 is a link-local address");
}

TEST(EgressGuardTest, JudgesTheSocketAddress) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(0x7f000001);
  EXPECT_TRUE(kClosed.Refusal(reinterpret_cast<const sockaddr&>(v4)));
  EXPECT_FALSE(kOpen.Refusal(reinterpret_cast<const sockaddr&>(v4)));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  EXPECT_TRUE(kClosed.Refusal(reinterpret_cast<const sockaddr&>(v6)));
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_TRUE(kOpen.Refusal(reinterpret_cast<const sockaddr&>(local)));
}

TEST(EgressGuardTest, TextThatIsNoAddressIsRefused) {
  for (const char* text : {"", "localhost", "127.1", "0x7f000001", "2130706433", "[::1]"}) {
    EXPECT_TRUE(Refuses(kOpen, text)) << text;
  }
}

}  // namespace
}  // namespace postrider
