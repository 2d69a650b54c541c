"""ShopEvents off the wire: Avro's binary encoding, read strictly and fast.

- ``records.py``  reads one record
- ``columns.py``  reads many at once, one field of all of them after the other
"""
