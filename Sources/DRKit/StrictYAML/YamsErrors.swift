import Yams

/// Yams' errors in our words.
enum YamsErrors {
  static func translate(_ error: any Error, text: String, file: String) -> StrictYAMLError {
    func made(_ mark: Mark?, _ problem: String, _ remedy: String) -> StrictYAMLError {
      made(at: (mark?.line ?? 1, mark?.column ?? 1), problem, remedy)
    }
    func made(at place: (line: Int, column: Int), _ problem: String, _ remedy: String) -> StrictYAMLError {
      StrictYAMLError(
        file: file, line: max(1, place.line), column: max(1, place.column), field: "", problem: problem,
        remedy: remedy)
    }
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
      let place = context.map { ", \(words($0.text)) in line \($0.mark.line)" } ?? ""
      return made(mark, "is no valid YAML: \(words(problem))\(place)", remedy(for: problem))
    case .composer(_, let problem, let mark, _):
      if problem.contains("another document") {
        return made(mark, "a second document begins here", "Keep one document a file: remove the `---` line")
      }
      return made(mark, "is no valid YAML: \(words(problem))", "Write the value out in each place")
    case .reader(let problem, let offset, _, _):
      let place = self.place(at: offset ?? 0, in: text)
      return made(at: place, "is no valid YAML: \(words(problem))", "Save the file as UTF-8 text")
    case .duplicatedKeysInMapping(let keys, let context):
      let list = keys.map { "`\(StrictNode.excerpt($0))`" }.joined(separator: ", ")
      return made(
        context.mark, "the key \(list) is given more than once (first here)", "Remove all but one")
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded, nil:
      return made(nil, "can't be read as YAML", "Save the file as UTF-8 text")
    }
  }

  private static func words(_ text: String) -> String {
    text.contains("Maximum nesting level") ? "nested too deeply" : text
  }

  private static func remedy(for problem: String) -> String {
    if problem.contains("that cannot start any token") || problem.contains("tab") {
      return "Indent with spaces, and put texts with special characters in quotes"
    }
    if problem.contains("mapping values are not allowed") {
      return "Check the indentation, and put texts that hold `: ` in quotes"
    }
    if problem.contains("Maximum nesting level") { return "Flatten the document" }
    return "Check indentation, brackets and quotes here"
  }

  /// The place of the character at `offset`.
  private static func place(at offset: Int, in text: String) -> (line: Int, column: Int) {
    var line = 1
    var column = 1
    for character in text.prefix(offset) {
      if character.isNewline {
        line += 1
        column = 1
      } else {
        column += 1
      }
    }
    return (line, column)
  }
}
