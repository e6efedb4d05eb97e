/// Suggestions for misspelt words.
enum NearestWord {
  /// The candidate with the fewest edits from `word` (insert, delete, replace, swap of neighbours), if they are at
  /// most two and fewer than half of the word; the first in alphabetical order among equals.
  static func to(_ word: String, among candidates: [String]) -> String? {
    let limit = min(2, word.count / 2)
    var best: (edits: Int, word: String)?
    for candidate in candidates.sorted() {
      let edits = distance(Array(word.lowercased()), Array(candidate.lowercased()))
      if edits <= limit, edits < best?.edits ?? Int.max { best = (edits, candidate) }
    }
    return best?.word
  }

  /// Optimal string alignment distance.
  static func distance(_ a: [Character], _ b: [Character]) -> Int {
    if abs(a.count - b.count) > 2 { return 3 }
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var edits = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { edits = min(edits, rows[i - 1][j - 1] + 1) }
        row.append(edits)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
