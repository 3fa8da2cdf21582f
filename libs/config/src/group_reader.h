#pragma once

#include <string>

#include "catalogue.h"
#include "value.h"

namespace postrider {

/// Takes over every setting that a map holds, and reports each key that is unknown, with the
/// nearest known one.
/// @param group  the path of the map in the catalogue; empty for the top of its scope
template <class S>
void ReadGroup(const Value& map, const std::string& group, const Catalogue<S>& catalogue,
               S& target);

extern template void ReadGroup(const Value&, const std::string&, const Catalogue<Settings>&,
                               Settings&);
extern template void ReadGroup(const Value&, const std::string&,
                               const Catalogue<DestinationSettings>&, DestinationSettings&);
extern template void ReadGroup(const Value&, const std::string&, const Catalogue<BasicAuth>&,
                               BasicAuth&);
extern template void ReadGroup(const Value&, const std::string&, const Catalogue<OAuth2Auth>&,
                               OAuth2Auth&);
extern template void ReadGroup(const Value&, const std::string&, const Catalogue<TokenAuth>&,
                               TokenAuth&);

}  // namespace postrider
