"""MQTT 3.1.1 as the broker of a host speaks it: packets, topic filters, broker. Sans-IO."""
