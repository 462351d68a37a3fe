// Uses all that spin_services.hpp offers. The guests beside it print the same lines.
#include <algorithm>
#include <cstdio>
#include <handler_helpers.hpp>
#include <spin_services.hpp>

using namespace spin_services;

static void say(const char* what, const std::string& text) {
  std::printf("%s: %s\n", what, text.c_str());
}

template <class T, class Show>
static void say(const char* what, Answer<T> answer, Show show) {
  say(what, answer ? show(*answer) : answer.error());
}

static const char* truth(bool value) {
  return value ? "true" : "false";
}

static Failure use_store() {
  say("other store", key_value::Store::open("other").error());
  auto opened = key_value::Store::open();
  if (!opened)
    return opened.error();
  const key_value::Store store = std::move(*opened);
  if (opened->get("cpp nothing").error() != "no-such-store")
    return "a store that was moved from is one";
  const auto value = [](const std::optional<std::string>& got) { return got ? *got : "none"; };
  say("nothing", store.get("cpp nothing"), value);
  for (const char* text : {"blue", ""})
    if (auto why = store.set(*text ? "cpp colour" : "cpp empty", text))
      return why;
  say("colour", store.get("cpp colour"), value);
  say("empty", store.get("cpp empty"), [](const std::optional<std::string>& got) {
    return got ? std::to_string(got->size()) + " bytes" : "none";
  });
  say("keys", store.keys(), [](std::vector<std::string> keys) {
    std::sort(keys.begin(), keys.end());
    std::string own;
    for (const std::string& key : keys)
      own += key.rfind("cpp ", 0) == 0 ? key.substr(4) + "," : "";
    return own;
  });
  say("exists", store.exists("cpp colour"), truth);
  if (auto why = store.remove("cpp colour"))
    return why;
  say("exists", store.exists("cpp colour"), truth);
  if (auto why = store.set("cpp large", std::string(1 << 20, 'x')))
    return why;
  std::size_t read = 0;
  for (int times = 0; times < 64; ++times)
    if (auto got = store.get("cpp large"); got && *got)
      read += (*got)->size();
  say("large", std::to_string(read));
  return std::nullopt;
}

static void send_requests() {
  const std::string server = *variables::get("server");
  const auto shown = [](const http::Response& got) {
    std::string answer;
    for (const http::Header& header : got.headers)
      if (header.name == "x-answer")
        answer = header.value;
    return std::to_string(got.status) + " " + answer + " " + got.body;
  };
  say("reply",
      http::send({http::Method::Patch,
                  server + "/a?b",
                  {{"x-key", "ada"}, {"x-other", "-"}},
                  "one order"}),
      shown);
  say("empty reply", http::send({.url = server}), shown);
  say("other host", http::send({.url = "http://127.0.0.2:1/"}), shown);
  say("no url", http::send({.url = "ftp://a"}), shown);
}

static stream_handler::Result handle(const stream_handler::Context&, stream_handler::Records) {
  if (const Failure why = use_store())
    say("failed", *why);
  const auto text = [](const std::string& got) { return got; };
  say("greeting", variables::get("greeting"), text);
  const std::string error = variables::get("nobodys").error();
  say("undefined", error.substr(0, error.find(':')));
  say("named badly", variables::get("A B").error().substr(0, 12));
  send_requests();
  say("the", "end");
  return stream_handler::Result::done();
}
STREAM_HANDLER(handle)
