import DRKit

/// What is wrong with a document, where, and what to write instead. The only error that this module throws.
public struct StrictYAMLError: Error, Hashable, Sendable {
  /// The document's name as given to `StrictDocument.parse`.
  public var file: String
  /// Counted from 1.
  public var line: Int
  /// Counted from 1, in Unicode scalars (libYAML's way).
  public var column: Int
  /// The path of the value, such as `machines[0].disk`; empty for the whole document and for syntax errors.
  public var field: String
  /// What is wrong, without a full stop.
  public var problem: String
  /// What to do about it, without a full stop; empty if nothing is known.
  public var remedy: String

  public init(
    file: String, line: Int, column: Int, field: String, problem: String, remedy: String
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.field = field
    self.problem = problem
    self.remedy = remedy
  }
}

extension StrictYAMLError: CustomStringConvertible {
  /// `file:line:column: field: problem. remedy`
  public var description: String {
    // A document's own words may be long, and may hold what a terminal obeys.
    let place = "\(OneLine.of(file, limit: 600)):\(line):\(column): "
    let field = OneLine.of(field, limit: 600)
    let problem = OneLine.of(problem, limit: 900)
    let remedy = OneLine.of(remedy, limit: 900)
    let subject = field.isEmpty ? "" : "\(field): "
    return place + subject + problem + (remedy.isEmpty ? "" : ". \(remedy)")
  }
}
