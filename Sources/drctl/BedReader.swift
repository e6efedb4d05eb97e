import DRKit
import Foundation
import StrictYAML
import TestBed

/// Reads a text file that a command was given.
enum TextFile {
  static func read(_ path: String, _ what: String) throws(DRError) -> String {
    do {
      return try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw DRError(.malformed, "read \(what)", path, reason: "the file can't be read as UTF-8 text")
    }
  }
}

enum BedReader {
  static func read(_ path: String) throws(DRError) -> BedDescription {
    let text = try TextFile.read(path, "the bed file")
    do {
      return try BedDescription(yaml: text, file: path)
    } catch {
      throw DRError(.malformed, "read the bed file", path, reason: error.description)
    }
  }
}
