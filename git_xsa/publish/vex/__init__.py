"""What can be said of a product that is shipped, advisory by advisory: VEX, in the formats of OpenVEX, CSAF and
CycloneDX."""
