#include "host/blocked_networks.h"

#include <gtest/gtest.h>

namespace kt::host {
namespace {

asio::ip::address ip(const char* text) {
  return asio::ip::make_address(text);
}

BlockedNetworks blocked(const std::vector<std::string>& entries) {
  auto networks = BlockedNetworks::parse(entries);
  EXPECT_TRUE(networks.has_value());
  return *networks;
}

TEST(BlockedNetworks, BlockTheirAddressesAndNoOthers) {
  const BlockedNetworks networks = blocked({"123.123.0.0/16", "2001::/96", "1.1.1.1"});
  for (const char* text : {"123.123.123.123", "2001::1000", "::ffff:123.123.123.123",
                           "::123.123.1.1", "64:ff9b::7b7b:101", "2002:7b7b:101::1", "1.1.1.1"})
    EXPECT_TRUE(networks.is_blocked(ip(text))) << text;
  for (const char* text : {"123.100.100.100", "2002::1000", "1.1.1.2", "127.0.0.1", "::1"})
    EXPECT_FALSE(networks.is_blocked(ip(text))) << text;
}

TEST(BlockedNetworks, BlockWhatIsNotGloballyRoutableWhenPrivateIsBlocked) {
  const BlockedNetworks networks = blocked({"private", "10.0.0.0/8"});
  for (const char* text : {"0.0.0.0",
                           "10.10.10.10",
                           "100.64.1.1",
                           "127.0.0.1",
                           "169.254.169.254",
                           "172.31.0.1",
                           "192.0.0.1",
                           "192.168.0.1",
                           "198.18.0.1",
                           "224.0.0.251",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:10.10.10.10",
                           "::10.10.10.10",
                           "64:ff9b::a00:1",
                           "2002:a00:1::",
                           "fc00::f00d",
                           "fe80::1",
                           "fd00:ec2::254",
                           "ff02::1",
                           "2001:db8::1"})
    EXPECT_TRUE(networks.is_blocked(ip(text))) << text;
  for (const char* text : {"123.123.123.123", "172.32.0.1", "100.128.0.1", "2600::beef",
                           "64:ff9b::808:808", "2a00:1450::1"})
    EXPECT_FALSE(networks.is_blocked(ip(text))) << text;
}

TEST(BlockedNetworks, BlockTheUnspecifiedAddressWithTheLoopbackItLeadsTo) {
  EXPECT_TRUE(blocked({"127.0.0.0/8"}).is_blocked(ip("0.0.0.0")));
  EXPECT_TRUE(blocked({"127.0.0.0/8"}).is_blocked(ip("::")));
  EXPECT_TRUE(blocked({"::1/128"}).is_blocked(ip("::")));
  EXPECT_FALSE(blocked({"10.0.0.0/8"}).is_blocked(ip("0.0.0.0")));
}

TEST(BlockedNetworks, BlockNothingUnlessTold) {
  EXPECT_TRUE(BlockedNetworks().empty());
  EXPECT_FALSE(BlockedNetworks().is_blocked(ip("127.0.0.1")));
  EXPECT_FALSE(blocked({"private"}).empty());
}

TEST(BlockedNetworks, RefuseAnEntryThatIsNoNetwork) {
  for (const std::string& entry : std::vector<std::string>{"", "Private", "10.0.0.0/33", "10.0.0/8",
                                                           "example.com", "::/129", "10.0.0.0/8x"})
    EXPECT_FALSE(BlockedNetworks::parse({entry}).has_value()) << entry;
}

TEST(IpNetwork, IgnoresTheBitsBelowItsPrefix) {
  EXPECT_EQ(*IpNetwork::parse("8.8.8.8/16"), *IpNetwork::parse("8.8.0.0/16"));
  EXPECT_TRUE(IpNetwork::parse("0.0.0.0/0")->contains(ip("255.1.2.3")));
  EXPECT_FALSE(IpNetwork::parse("::/0")->contains(ip("255.1.2.3")));
}

}  // namespace
}  // namespace kt::host
