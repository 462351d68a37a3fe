// app/nearest.h — "Did you mean …?" for a misspelt word.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace kt::app {

/// How many letters must be added, taken away, changed or swapped with their neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known word that is nearest to `word`; empty when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

/// `; did you mean "batch_size"?`, or the list of known words where none is near.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace kt::app
