#include "url_target.h"

#include <strings.h>

namespace postrider {
namespace {

bool TakePrefix(std::string_view& url, std::string_view prefix) {
  if (url.size() < prefix.size()) return false;
  if (strncasecmp(url.data(), prefix.data(), prefix.size()) != 0) return false;
  url.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::optional<UrlTarget> TargetOf(std::string_view url) {
  UrlTarget target;
  target.https = TakePrefix(url, "https://");
  if (!target.https && !TakePrefix(url, "http://")) return std::nullopt;
  url = url.substr(0, url.find_first_of("/?#\\"));
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos)
    url.remove_prefix(at + 1);
  if (url.empty()) return std::nullopt;
  target.host = url;
  return target;
}

}  // namespace postrider
