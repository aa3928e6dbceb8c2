# Accounts of the server.
echo "correct horse battery" | digits user add ada --role admin --password-stdin
echo "staple of the editor" | digits user add ed --password-stdin
digits user role ed viewer
digits user list
digits user token ed --days 30 > token-of-ed.txt
test -s token-of-ed.txt
