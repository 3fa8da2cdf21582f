#include "faults/shop_config.h"

namespace postrider::test {
namespace {

std::string More(const std::string& settings) { return settings.empty() ? "" : ", " + settings; }

std::string UrlOf(const ShopDestination& destination) {
  return destination.url.empty() ? "" : "url: \"" + destination.url + "\", ";
}

std::string TextOf(const ShopDestination& destination) {
  std::string text = "  " + destination.name + ":\n    topics: " + destination.topics +
                     "\n    http: {" + UrlOf(destination) + "allow_private: true" +
                     More(destination.http) + "}\n";
  for (const std::string& setting : destination.settings) text += "    " + setting + "\n";
  return text;
}

}  // namespace

std::string ShopConfig::Text() const {
  std::string text = "database: {url: \"" + database_url + "\"" + More(database) +
                     "}\n"
                     "relay: {threads: 2" +
                     More(relay) +
                     "}\n"
                     "metrics: {listen: \"" +
                     listen +
                     "\"}\n"
                     "log: " +
                     log +
                     "\n"
                     "defaults: {start: beginning, retries: " +
                     retries + More(defaults) + "}\n";
  for (const std::string& setting : settings) text += setting + "\n";
  text += destinations.empty() ? "destinations: {}\n" : "destinations:\n";
  for (const ShopDestination& destination : destinations) text += TextOf(destination);
  return text;
}

}  // namespace postrider::test
