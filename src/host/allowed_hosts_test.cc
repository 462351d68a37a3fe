#include "host/allowed_hosts.h"

#include <gtest/gtest.h>

namespace kt::host {
namespace {

Destination to(const std::string& scheme, const std::string& host, std::uint16_t port) {
  auto name = HostName::parse(host);
  EXPECT_TRUE(name.has_value()) << host;
  return Destination{scheme, *name, port};
}

AllowedHosts list(const std::vector<std::string>& entries) {
  std::vector<AllowedHost> hosts;
  for (const std::string& entry : entries) {
    auto host = AllowedHost::parse(entry);
    EXPECT_TRUE(host.has_value()) << entry;
    if (host)
      hosts.push_back(*host);
  }
  return AllowedHosts(std::move(hosts));
}

struct Case {
  std::string entry;
  std::string scheme;
  std::string host;
  std::uint16_t port;
  bool allowed;
};

const std::vector<Case> kCases{
    // The scheme's own port.
    {"http://spin.dev", "http", "spin.dev", 80, true},
    {"http://spin.dev", "http", "spin.dev", 81, false},
    {"http://spin.dev", "https", "spin.dev", 80, false},
    {"http://spin.dev/", "http", "spin.dev", 80, true},
    {"http://spin.dev:", "http", "spin.dev", 80, true},
    {"https://spin.dev", "https", "spin.dev", 443, true},
    {"postgres://db", "postgres", "db", 5432, true},
    {"mysql://db", "mysql", "db", 3306, true},
    {"redis://cache", "redis", "cache", 6379, true},
    {"mqtt://broker", "mqtt", "broker", 1883, true},
    // Ports.
    {"http://spin.dev:4444", "http", "spin.dev", 4444, true},
    {"http://spin.dev:4444/", "http", "spin.dev", 4444, true},
    {"http://spin.dev:4444", "http", "spin.dev", 80, false},
    {"http://spin.dev:4444..5555", "http", "spin.dev", 4444, true},
    {"http://spin.dev:4444..5555", "http", "spin.dev", 5554, true},
    {"http://spin.dev:4444..5555", "http", "spin.dev", 5555, false},
    {"http://spin.dev:4444..5555", "http", "spin.dev", 4443, false},
    {"http://spin.dev:*", "http", "spin.dev", 65535, true},
    // Wildcards.
    {"*://spin.dev:7777", "tcp", "spin.dev", 7777, true},
    {"*://spin.dev:7777", "tcp", "spin.dev", 7778, false},
    {"*://*:*", "redis", "anything", 1, true},
    {"*://*:*", "udp", "[::1]", 65535, true},
    {"http://*", "http", "anything", 80, true},
    {"http://*.example.com", "http", "a.example.com", 80, true},
    {"http://*.example.com", "http", "a.b.example.com", 80, true},
    {"http://*.example.com", "http", "example.com", 80, false},
    {"http://*.example.com", "http", "myexample.com", 80, false},
    {"http://*.example.com", "http", "a.example.com", 8383, false},
    {"http://*.example.com:8383", "http", "a.example.com", 8383, true},
    {"http://*.Example.COM", "http", "foo.example.com", 80, true},
    {"HTTP://Example.COM", "http", "eXample.com", 80, true},
    {"http://ex%61mple.com", "http", "example.com", 80, true},
    // Addresses, in whatever spelling.
    {"http://192.168.1.1", "http", "192.168.1.1", 80, true},
    {"http://192.168.1.1:3002", "http", "192.168.1.1", 3002, true},
    {"http://127.0.0.1", "http", "127.1", 80, true},
    {"http://127.0.0.1", "http", "0x7f000001", 80, true},
    {"http://127.0.0.1", "http", "2130706433", 80, true},
    {"http://127.0.0.1", "http", "0177.0.0.1", 80, true},
    {"http://127.0.0.1", "http", "127.0.0.2", 80, false},
    {"http://[::1]", "http", "[::1]", 80, true},
    {"http://[::1]", "http", "[0:0:0:0:0:0:0:1]", 80, true},
    {"http://[::1]", "http", "[::2]", 80, false},
    {"http://[::1]", "http", "[::1]", 81, false},
    {"http://[::1]:8001", "http", "[::1]", 8001, true},
    {"http://[::1]:8001/", "http", "[::1]", 8001, true},
    {"http://[::1]:*", "http", "[::1]", 9, true},
    {"http://[::1]:8000..9000", "http", "[::1]", 8999, true},
    {"https://[2001:db8::1]", "https", "[2001:db8::1]", 443, true},
    // Networks.
    {"*://127.0.0.0/24:80", "http", "127.0.0.77", 80, true},
    {"*://127.0.0.1/24:63551", "tcp", "127.0.0.1", 63551, true},
    {"*://127.0.0.0/24:80", "http", "127.0.1.0", 80, false},
    {"*://127.0.0.0/24:80", "http", "localhost", 80, false},
    {"http://10.0.0.0/8", "http", "10.255.0.1", 80, true},
    {"http://10.0.0.0/7", "http", "11.255.0.1", 80, true},
    {"http://10.0.0.0/7", "http", "12.0.0.1", 80, false},
    {"*://ff00::/8:80", "http", "[ffab::1]", 80, true},
    {"http://ff00::/8", "http", "[ffab::1]", 80, true},
    {"http://2001:db8::/32", "http", "[2001:db8:abcd::1]", 80, true},
    {"http://2001:db8::/32", "http", "[2001:db9::1]", 80, false},
    {"http://2001:db8::/32:443", "http", "[2001:db8::1]", 443, true},
    {"http://::1/128", "http", "[::1]", 80, true},
    {"http://10.0.0.0/8", "http", "[::ffff:10.0.0.1]", 80, false},
    // The app itself is nobody's host name.
    {"http://self", "http", "self", 80, false},
};

TEST(AllowedHosts, AllowWhatAnEntryNamesAndNothingBeside) {
  for (const Case& c : kCases) {
    EXPECT_EQ(list({c.entry}).allows(to(c.scheme, c.host, c.port)), c.allowed)
        << c.entry << " for " << c.scheme << "://" << c.host << ":" << c.port;
  }
}

constexpr const char* kNoDestinations[] = {"",
                                           "*",
                                           ":",
                                           "?",
                                           "://x:80",
                                           "example.com",
                                           "spin.dev:80",
                                           "localhost",
                                           "localhost:3001",
                                           "[::1]",
                                           "[::1]:8080",
                                           "1http://x",
                                           "ht tp://x",
                                           "{http,https}://x",
                                           "zootle! wurdl!",
                                           "}{ !!**",
                                           "ftp://example.com",
                                           "*://example.com",
                                           "*://127.0.0.0/24",
                                           "http://",
                                           "http://:80",
                                           "http://spin.dev/a",
                                           "http://spin.dev:6666/a/b",
                                           "http://*.spin.dev/a",
                                           "http://127.0.0.0/24/p",
                                           "http://spin.dev//",
                                           "http://self//",
                                           "http://[::1]//",
                                           "http://[::1]/foo",
                                           "http://ff00::/8/extra",
                                           "http://[::1",
                                           "http://[::1]junk",
                                           "http://[::1junk",
                                           "http://[::1]::80",
                                           "http://[v1.]",
                                           "http://[fe80::1%25eth0]",
                                           "http://example.com:notaport",
                                           "http://example.com:8080..70000",
                                           "http://example.com:8080..",
                                           "http://example.com:8O8O",
                                           "http://example.com:99999",
                                           "http://example.com:-1",
                                           "http://example.com:{80,81}",
                                           "http://self:notaport",
                                           "http://*:notaport",
                                           "http://127.0.0.1:notaport",
                                           "http://*.",
                                           "http://*.:8080",
                                           "http://a.*.com",
                                           "http://*a.com",
                                           "http://*.*.com",
                                           "http://*.127.0.0.1",
                                           "http://*.192.168.001.001",
                                           "http://*.[::1]",
                                           "http://*.[2001:db8::1]",
                                           "http://{a,b}.com",
                                           "http://example%.com",
                                           "http://example%2.com",
                                           "http://example%GG.com",
                                           "http://exa[mple.com",
                                           "http://exa\\mple.com",
                                           "http://example.com:80:90",
                                           "http://256.1.1.1",
                                           "http://1.2.3.4.5",
                                           "http://10.0.0.0/33",
                                           "http://exa mple.com",
                                           "http://self.alt:notaport",
                                           "http://[::1]:notaport",
                                           "http://[::1]:99999",
                                           "http://ff00::/8:99999",
                                           "http://*.example.com:notaport",
                                           "http://*.example.com:8080..",
                                           "http://*.example.com:99999",
                                           "http://*.example.com:8080/p",
                                           "http://*.example.com//",
                                           "http://[vG.example]",
                                           "example.com:8080",
                                           "http://zoinks, Scooby!"};

TEST(AllowedHosts, RefuseAnEntryThatIsNoDestination) {
  for (const std::string entry : kNoDestinations)
    EXPECT_FALSE(AllowedHost::parse(entry).has_value()) << entry;
}

TEST(AllowedHosts, SayWhatIsWrongWithAnEntry) {
  const auto error = check_allowed_hosts({"https://ok.dev", "http://spin.dev:99999"});
  ASSERT_FALSE(error.has_value());
  EXPECT_EQ(error.error().what,
            "allowed_outbound_hosts: \"http://spin.dev:99999\" has the port \"99999\", which is "
            "not a number up to 65535");
}

TEST(AllowedHosts, RefuseTheOldWordForEverything) {
  EXPECT_FALSE(check_allowed_hosts({"insecure:allow-all"}).has_value());
  EXPECT_FALSE(check_allowed_hosts({"http://spin.dev", "insecure:allow-all"}).has_value());
}

TEST(AllowedHosts, AreReadAtStartOnlyWhereNoVariableGoesIn) {
  EXPECT_TRUE(check_allowed_hosts({"http://{{ host }}:{{ port }}", "{{ all }}"}).has_value());
  EXPECT_FALSE(check_allowed_hosts({"http://{{ host }}", "nothing"}).has_value());
}

TEST(AllowedHosts, LeaveOutAnEntryWhoseVariablesAreEmpty) {
  for (const std::string& text : std::vector<std::string>{"", "http://", "https://"}) {
    const auto host = parse_filled_in(text);
    ASSERT_TRUE(host.has_value()) << text;
    EXPECT_FALSE(host->has_value()) << text;
  }
  EXPECT_TRUE(parse_filled_in("http://example.com")->has_value());
  EXPECT_FALSE(parse_filled_in("redis://").has_value());
}

TEST(AllowedHosts, AllowTheAppItselfOnlyWhereItIsListed) {
  EXPECT_TRUE(list({"http://self"}).allows_self("http"));
  EXPECT_TRUE(list({"https://self.alt"}).allows_self("https"));
  EXPECT_FALSE(list({"http://self"}).allows_self("https"));
  EXPECT_TRUE(list({"*://*:*"}).allows_self("http"));
  EXPECT_FALSE(list({"http://localhost:3000"}).allows_self("http"));
}

TEST(AllowedHosts, AllowNothingWhenNothingIsListed) {
  EXPECT_FALSE(AllowedHosts().allows(to("http", "localhost", 80)));
  EXPECT_FALSE(AllowedHosts().allows_self("http"));
}

TEST(AllowedHosts, TakeTheOlderKeyForHttp) {
  EXPECT_EQ(
      convert_allowed_http_hosts({"example.com", "http://localhost:3001", "self"}),
      (std::vector<std::string>{"http://example.com", "https://example.com",
                                "http://localhost:3001", "https://localhost:3001", "http://self"}));
  EXPECT_EQ(*convert_allowed_http_hosts({"insecure:allow-all"}),
            (std::vector<std::string>{"http://*:*", "https://*:*", "http://self"}));
  EXPECT_FALSE(convert_allowed_http_hosts({"example.com/path"}).has_value());
  EXPECT_FALSE(convert_allowed_http_hosts({"ftp://example.com"}).has_value());
}

TEST(HostName, IsRefusedWhereItCannotBeOne) {
  for (const std::string& text : std::vector<std::string>{
           "", "a b", "a/b", "a:80", "a@b", "a%", "a%2", "a%zz", "a%00b", "\xc3\xa4.de", "[", "]",
           "[]", "[1.2.3.4]", "999.1.1.1", "1.2.3.4.5", "1.2.3.09", "4294967296"})
    EXPECT_FALSE(HostName::parse(text).has_value()) << text;
}

TEST(Destination, IsWrittenAsAnEntryThatWouldAllowIt) {
  EXPECT_EQ(to("https", "Example.com", 443).text(), "https://example.com");
  EXPECT_EQ(to("https", "example.com", 8443).text(), "https://example.com:8443");
  EXPECT_EQ(to("tcp", "[::1]", 80).text(), "tcp://[::1]:80");
  EXPECT_TRUE(list({to("tcp", "[::1]", 80).text()}).allows(to("tcp", "[::1]", 80)));
}

}  // namespace
}  // namespace kt::host
