import DRKit

/// The connections in `volume status VOLUME clients --xml` (measured on 10.3, docs/real-systems.md).
///
/// Of a brick without any connection, and of one that glusterd could not ask, it says the same: an empty element, `opRet` 0 and
/// a text about a failure; bricks behind it may then be missing (glusterfs 10.3, cli/src/cli-xml-output.c). Both are left out.
enum ClientRows {
  /// - Throws: `.malformed`.
  static func read(_ root: XMLTree, volume: String) throws(DRError) -> [BrickClients] {
    let volumes = try root.require("volStatus", "volumes").all("volume")
    guard let node = volumes.first(where: { $0.child("volName")?.text == volume }) else {
      throw DRError(
        .malformed, "list the volume's clients", volume, reason: "the answer does not hold it",
        remedy: XMLTree.remedy)
    }
    var bricks: [BrickClients] = []
    for brick in node.all("node") {
      // A self-heal daemon's row has a word for a path.
      guard let path = brick.child("path")?.text, path.hasPrefix("/"),
        try brick.require("status").integer() == 1, let status = brick.child("clientsStatus")
      else { continue }
      let rows = status.all("client")
      let count = try status.child("clientCount")?.integer() ?? 0
      guard count == Int64(rows.count) else {
        throw DRError(
          .malformed, "list the volume's clients", status.path,
          reason: "\(count) clients in \(rows.count) rows", remedy: XMLTree.remedy)
      }
      guard count > 0 else { continue }
      var clients: [VolumeClient] = []
      for row in rows { clients.append(try client(row)) }
      bricks.append(
        BrickClients(
          brick: BrickName(node: try brick.require("hostname").text, path: path), clients: clients))
    }
    return bricks
  }

  /// `ADDRESS:PORT`; the last colon parts them, as an IPv6 address has some of its own.
  private static func client(_ row: XMLTree) throws(DRError) -> VolumeClient {
    let place = try row.require("hostname")
    guard let colon = place.text.lastIndex(of: ":"), colon > place.text.startIndex,
      let port = UInt16(place.text[place.text.index(after: colon)...])
    else {
      throw DRError(
        .malformed, "list the volume's clients", place.path,
        reason: "\"\(place.text.prefix(80))\" is no address:port", remedy: XMLTree.remedy)
    }
    return VolumeClient(address: String(place.text[..<colon]), port: port)
  }
}
