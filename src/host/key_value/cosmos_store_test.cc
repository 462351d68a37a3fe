#include "host/key_value/cosmos_store.h"

#include <atomic>
#include <map>

#include "http/crt_transport.h"
#include "runtime/run_virtual.h"
#include "tests/contract/key_value_store_contract.h"
#include "tests/support/http_server_under_test.h"
#include "tests/support/scripted_services.h"

namespace kt::host {
namespace {

using nlohmann::json;

constexpr std::string_view kKey =
    "dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==";

TEST(ACosmosKey, SignsAsTheServicesDocumentsShow) {
  EXPECT_EQ(CosmosKey::parse(kKey)->authorize("GET", "dbs", "dbs/ToDoList",
                                              "Thu, 27 Apr 2017 00:51:12 GMT"),
            "type%3Dmaster%26ver%3D1.0%26sig%3Dc09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu%2Bc%2Bc%3D");
}

TEST(ACosmosKey, MustBeBase64) {
  EXPECT_FALSE(CosmosKey::parse("no key!"));
  EXPECT_FALSE(CosmosKey::parse(""));
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

/// One container, as far as the REST interface shows it. Its requests are served on one thread.
class FakeCosmos {
 public:
  Task<http::Response> serve(http::ServerRequest request) {
    http::Response response = answer(request);
    if (busy > 0) {
      --busy;
      response = http::Response();
      response.status = 429;
      response.headers.emplace_back("x-ms-retry-after-ms", "1");
    }
    co_return response;
  }

  std::atomic<int> busy = 0;  ///< so many requests are refused
  std::map<std::string, json> documents;

 private:
  static constexpr std::string_view kFolder = "/dbs/my%20db/colls/kv/docs";

  http::Response answer(const http::ServerRequest& request) {
    if (!request.target.starts_with(kFolder))
      return refusal(404, "1003");
    std::string id;
    if (request.target.size() > kFolder.size())
      id = decoded(std::string_view(request.target).substr(kFolder.size() + 1));
    if (request.header("authorization") != signature(request, id))
      return refusal(401);
    if (request.header("x-ms-documentdb-isquery") == "True")
      return query(request);
    const json key = json::parse(request.header("x-ms-documentdb-partitionkey"));
    if (request.method == "POST")
      return create(request, key);
    if (key != json::array({id}))
      return refusal(400);
    const auto found = documents.find(id);
    if (found == documents.end())
      return refusal(404);
    if (request.method == "GET")
      return document(found->second);
    if (request.method == "DELETE") {
      documents.erase(found);
      http::Response gone;
      gone.status = 204;
      return gone;
    }
    return change(request, found->second);
  }

  static std::string signature(const http::ServerRequest& request, const std::string& id) {
    const std::string container = "dbs/my db/colls/kv";
    return CosmosKey::parse(kKey)->authorize(request.method, "docs",
                                             id.empty() ? container : container + "/docs/" + id,
                                             request.header("x-ms-date"));
  }

  http::Response query(const http::ServerRequest& request) {
    if (json::parse(request.body)["query"] != "SELECT c.id FROM c" ||
        request.header("content-type") != "application/query+json")
      return refusal(400);
    const std::string after(request.header("x-ms-continuation"));
    json page = json::object();
    page["Documents"] = json::array();
    http::Response response;
    for (auto next = documents.upper_bound(after); next != documents.end(); ++next) {
      if (page["Documents"].size() == 7) {
        response.headers.emplace_back("x-ms-continuation",
                                      page["Documents"].back()["id"].get<std::string>());
        break;
      }
      json row = json::object();
      row["id"] = next->first;
      page["Documents"].push_back(row);
    }
    response.status = 200;
    response.body = page.dump();
    return response;
  }

  http::Response create(const http::ServerRequest& request, const json& key) {
    json body = json::parse(request.body);
    const std::string id = body["id"];
    if (key != json::array({id}))
      return refusal(400);
    const bool upsert = request.header("x-ms-documentdb-is-upsert") == "True";
    if (documents.contains(id) && !upsert)
      return refusal(409);
    body["_etag"] = next_etag();
    documents[id] = body;
    return document(body, 201);
  }

  http::Response change(const http::ServerRequest& request, json& stored) {
    if (request.method == "PUT") {
      if (request.header("if-match") != stored["_etag"].get<std::string>())
        return refusal(412);
      stored = json::parse(request.body);
    } else {
      const json operation = json::parse(request.body)["operations"][0];
      if (request.method != "PATCH" || operation["op"] != "incr" ||
          request.header("content-type") != "application/json_patch+json" ||
          !stored["value"].is_number())
        return refusal(400);
      stored["value"] =
          stored["value"].get<std::int64_t>() + operation["value"].get<std::int64_t>();
    }
    stored["_etag"] = next_etag();
    return document(stored);
  }

  std::string next_etag() { return "\"" + std::to_string(++changes_) + "\""; }

  static http::Response document(const json& body, int status = 200) {
    http::Response response;
    response.status = status;
    response.headers.emplace_back("etag", body["_etag"].get<std::string>());
    response.body = body.dump();
    return response;
  }
  static http::Response refusal(int status, const char* sub_status = "0") {
    http::Response response;
    response.status = status;
    response.headers.emplace_back("x-ms-substatus", sub_status);
    response.body = R"({"code":"X","message":"no luck"})";
    return response;
  }

  int changes_ = 0;
};

class InCosmos final : public StoreUnderTest {
 public:
  TaskRunner& runner() override { return runner_; }
  KeyValueStore& store() override { return store_; }
  std::string stored_number(std::int64_t number) override { return std::to_string(number); }
  bool increments_what_was_set() const override { return false; }
  FakeCosmos& service() { return service_; }
  CosmosKeyValueStore other(std::string_view key, std::string container) {
    auto options = store_options();
    options.container = std::move(container);
    return CosmosKeyValueStore({*transport_, runner_.clock(), random_}, *CosmosKey::parse(key),
                               options);
  }

 private:
  static CosmosKeyValueStore::Options store_options() {
    CosmosKeyValueStore::Options options;
    options.database = "my db";
    options.container = "kv";
    options.retry.base = std::chrono::milliseconds(1);
    return options;
  }
  http::Endpoint endpoint() const {
    return *http::Endpoint::parse("http://127.0.0.1:" + std::to_string(server_.port()));
  }

  FakeCosmos service_;
  http::ServerUnderTest server_{
      {}, [this](http::ServerRequest request) { return service_.serve(std::move(request)); }};
  TaskRunner runner_;
  Random random_{3};
  http::CrtRuntime runtime_;
  std::unique_ptr<http::CrtTransport> transport_ =
      *http::CrtTransport::make(runtime_, runner_.clock(), endpoint());
  CosmosKeyValueStore store_{
      {*transport_, runner_.clock(), random_}, *CosmosKey::parse(kKey), store_options()};
};
INSTANTIATE_TYPED_TEST_SUITE_P(InCosmos, AKeyValueStore, InCosmos);

TEST(ACosmosKeyValueStore, KeepsDocumentsAsSpinDoes) {
  InCosmos cosmos;
  ASSERT_TRUE(cosmos.runner().run(cosmos.store().set("k 1", as_bytes("\x01\xff"))));
  EXPECT_EQ(cosmos.service().documents["k 1"]["value"], json::parse("[1,255]"));
  ASSERT_TRUE(cosmos.runner().run(cosmos.store().increment("n", 5)));
  EXPECT_EQ(cosmos.service().documents["n"]["value"], 5);
  EXPECT_EQ(cosmos.store().summary(), "Azure CosmosDB database: my db, collection: kv");
  EXPECT_EQ(CosmosKeyValueStore::url_of("acc"), "https://acc.documents.azure.com");
}

TEST(ACosmosKeyValueStore, RefusesKeysThatCannotBeIds) {
  InCosmos cosmos;
  for (const char* key : {"a/b", "a\\b", "a?", "#", ""}) {
    const auto refused = cosmos.runner().run(cosmos.store().set(key, as_bytes("v")));
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().code, ErrorCode::Invalid);
    EXPECT_EQ(text_of(*cosmos.runner().run(cosmos.store().get(key))), std::nullopt);
    EXPECT_FALSE(*cosmos.runner().run(cosmos.store().exists(key)));
    EXPECT_TRUE(cosmos.runner().run(cosmos.store().remove(key)));
  }
}

TEST(ACosmosKeyValueStore, WaitsAsLongAsTheServiceAsks) {
  InCosmos cosmos;
  cosmos.service().busy = 3;
  EXPECT_TRUE(cosmos.runner().run(cosmos.store().set("k", as_bytes("v"))));
  cosmos.service().busy = 100;
  const auto refused = cosmos.runner().run(cosmos.store().get("k"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Throttled);
}

TEST(ACosmosKeyValueStore, TellsAMissingContainerAndAWrongKeyFromAMissingDocument) {
  InCosmos cosmos;
  auto nowhere = cosmos.other(kKey, "nowhere");
  const auto missing = cosmos.runner().run(nowhere.get("k"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  auto stranger = cosmos.other("AAAA", "kv");
  const auto refused = cosmos.runner().run(stranger.get("k"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::AccessDenied);
  EXPECT_THAT(refused.error().what, ::testing::HasSubstr("container kv"));
}

/// A store without its account's key: who we are says the environment.
class ACosmosStoreWithoutAKey : public ::testing::Test {
 protected:
  void SetUp() override {
    directory().answer(200, R"({"expires_in":3600,"access_token":"one.a-b_c"})");
    const std::string url = CosmosKeyValueStore::url_of("acc");
    const azure::Identity identity = azure::Identity::ambient(
        {{"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}, {"AZURE_CLIENT_SECRET", "s"}});
    CosmosKeyValueStore::Options options;
    options.database = "d";
    options.container = "kv";
    store_ = std::make_unique<CosmosKeyValueStore>(
        CosmosKeyValueStore::Deps{account(), clock_, random_},
        *azure::Tokens::make(identity, url, clock_, services_.transports()), options);
  }
  template <class T>
  T run(Task<T> task) {
    return run_sim(loop_, clock_, std::move(task));
  }
  test::ScriptedTransport& account() { return services_["https://acc.documents.azure.com"]; }
  test::ScriptedTransport& directory() { return services_["https://login.microsoftonline.com"]; }

  static constexpr const char* kFound = R"({"id":"k","value":[118]})";
  Loop loop_;
  VirtualClock clock_;
  Random random_{3};
  test::ScriptedServices services_;
  std::unique_ptr<CosmosKeyValueStore> store_;
};

TEST_F(ACosmosStoreWithoutAKey, SendsATokenOfTheDirectoryForItsAccount) {
  account().answer(200, kFound);
  account().answer(200, kFound);
  EXPECT_EQ(text_of(*run(store_->get("k"))), "v");
  EXPECT_EQ(text_of(*run(store_->get("k"))), "v");
  EXPECT_EQ(account().header("authorization"), "type%3Daad%26ver%3D1.0%26sig%3Done.a-b_c");
  EXPECT_EQ(account().header("x-ms-version"), "2018-12-31");
  EXPECT_TRUE(account().header("x-ms-date").ends_with(" GMT"));
  ASSERT_EQ(directory().requests().size(), 1u) << "a token is kept";
  EXPECT_THAT(directory().requests()[0].body,
              ::testing::HasSubstr(
                  "&scope=https%3A%2F%2Facc.documents.azure.com%2F.default&client_secret=s"));
}

TEST_F(ACosmosStoreWithoutAKey, TriesOnceMoreWhenItsTokenWasTakenBack) {
  directory().answer(200, R"({"expires_in":3600,"access_token":"two"})");
  account().answer(401, "{}");
  account().answer(200, R"({"id":"n","value":5})");
  // Nothing was done by a request that was not let in: also what is never repeated else is.
  EXPECT_EQ(*run(store_->increment("n", 5)), 5);
  EXPECT_EQ(account().header("authorization"), "type%3Daad%26ver%3D1.0%26sig%3Dtwo");
}

TEST_F(ACosmosStoreWithoutAKey, WaitsForADirectoryThatIsBusyWhateverTheCall) {
  account().answer(401, "{}");
  directory().answer(503, "{}");
  directory().answer(200, R"({"expires_in":3600,"access_token":"two"})");
  account().answer(200, R"({"id":"n","value":5})");
  EXPECT_EQ(*run(store_->increment("n", 5)), 5);
  EXPECT_EQ(directory().requests().size(), 3u);
  EXPECT_EQ(account().requests().size(), 2u);
}

TEST_F(ACosmosStoreWithoutAKey, TriesNoMoreThanOnce) {
  directory().answer(200, R"({"expires_in":3600,"access_token":"two"})");
  account().answer(401, "{}");
  account().answer(401, R"({"message":"no"})");
  const auto refused = run(store_->get("k"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::AccessDenied);
  EXPECT_EQ(account().requests().size(), 2u);
}

TEST_F(ACosmosStoreWithoutAKey, DoesNotAskForATokenAgainWhereItHasNoRole) {
  account().answer(403, R"({"message":"principal has no role"})");
  const auto refused = run(store_->get("k"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::AccessDenied);
  EXPECT_THAT(refused.error().what, ::testing::HasSubstr("principal has no role"));
  EXPECT_EQ(directory().requests().size(), 1u);
}

TEST_F(ACosmosStoreWithoutAKey, SaysWhoGaveNoToken) {
  account().answer(401, "{}");
  directory().answer(400, R"({"error":"hush"})");
  const auto refused = run(store_->get("k"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::NoCredentials);
  EXPECT_EQ(refused.error().what,
            "Azure Cosmos DB: Azure's directory (client secret) gave no token: HTTP status 400");
}

}  // namespace
}  // namespace kt::host
