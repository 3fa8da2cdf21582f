#pragma once

#include <string>

#include "catalogue.h"
#include "scalar_kinds.h"

namespace postrider {

/// The settings below `http` of a destination.
void AddHttp(Catalogue<DestinationSettings>& rows);

/// A choice of which this version knows the first word only: it is read and kept nowhere.
Setting<DestinationSettings> FixedChoice(std::string path, ChoiceWords words, std::string meaning);

}  // namespace postrider
