import DRKit

/// The connections in `volume status VOLUME clients --xml` (measured on 10.3, docs/real-systems.md).
enum ClientRows {
  /// - Throws: `.malformed` when a brick that is up does not say who is connected.
  static func read(_ root: XMLTree, volume: String) throws(DRError) -> [VolumeClient] {
    let volumes = try root.require("volStatus", "volumes").all("volume")
    guard let node = volumes.first(where: { $0.child("volName")?.text == volume }) else {
      throw DRError(.malformed, "list the volume's clients", volume, reason: "the answer does not hold it")
    }
    var clients: [VolumeClient] = []
    for brick in node.all("node") {
      // A brick that is down has no connection. A self-heal daemon's row has a word for a path.
      guard let path = brick.child("path")?.text, path.hasPrefix("/"),
        try brick.require("status").integer() == 1
      else { continue }
      let name = BrickName(node: try brick.require("hostname").text, path: path)
      let status = try brick.require("clientsStatus")
      let rows = status.all("client")
      // Without any connection the element is empty.
      let count = try status.child("clientCount")?.integer() ?? 0
      guard count == Int64(rows.count) else {
        throw DRError(
          .malformed, "list the volume's clients", status.path,
          reason: "\(count) clients in \(rows.count) rows")
      }
      for row in rows { clients.append(try client(row, of: name)) }
    }
    return clients
  }

  /// `ADDRESS:PORT`; the last colon parts them, as an IPv6 address has some of its own.
  private static func client(_ row: XMLTree, of brick: BrickName) throws(DRError) -> VolumeClient {
    let place = try row.require("hostname")
    guard let colon = place.text.lastIndex(of: ":"), colon > place.text.startIndex,
      let port = UInt16(place.text[place.text.index(after: colon)...])
    else {
      throw DRError(
        .malformed, "list the volume's clients", place.path,
        reason: "\"\(place.text.prefix(80))\" is no address:port")
    }
    return VolumeClient(brick: brick, address: String(place.text[..<colon]), port: port)
  }
}
