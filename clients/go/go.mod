module vezachat

go 1.21
