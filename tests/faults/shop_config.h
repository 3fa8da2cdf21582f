#pragma once

#include <string>
#include <vector>

namespace postrider::test {

/// A destination of the shop. The settings are YAML as it stands in the file.
struct ShopDestination {
  std::string name;
  std::string url = "";  ///< empty: `http` has endpoints
  std::string topics = R"(["*"])";
  std::string http = "";                   ///< more of `http`, such as `timeout: 1s`
  std::vector<std::string> settings = {};  ///< lines, such as `order: key`
};

/// What a relay of the shop is configured with: quick retries, everything from the beginning, no
/// breaker and no limit of dead letters, a free port for metrics.
struct ShopConfig {
  std::string database_url;
  std::string database = "";  ///< more of `database`
  std::string relay = "name: shop";
  std::vector<std::string> settings = {"unrouted: {after: 1h}"};
  std::string defaults = "breaker: false, dead_limit: false";  ///< more of `defaults`
  std::string listen = "127.0.0.1:0";  ///< of metrics
  std::string log = "{format: json}";
  std::string retries = "{attempts: 6, first: 50ms, factor: 2, max: 1s, jitter: 0%}";
  std::vector<ShopDestination> destinations = {};

  /// The file.
  std::string Text() const;
};

}  // namespace postrider::test
